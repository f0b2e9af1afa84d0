import { expect, test } from 'vitest'
import { importGrub } from '../../../src/takeover/grub/import.ts'
import type { RootReport } from '../../../src/takeover/profiles/import.ts'
import { openOld, sentences, type OldFiles, type OldPlace } from '../place.ts'

const files = { 'tftp/k': 'kernel', 'tftp/i': 'initrd', 'tftp/el9/vmlinuz': 'k', 'tftp/el9/initrd.img': 'i' }
const menu = `# hall
set timeout=5
set default="disk"
set live="boot=live"
if [ "$grub_platform" = "efi" ]; then
  set extra=x
  menuentry 'efi only' { linux /k $extra; initrd /i; }
fi
menuentry "rescue" --class x {
  linuxefi (tftp)/k $live console=ttyS0 BOOTIF=01-$net_default_mac
  initrdefi (tftp,10.77.0.9)/i
}
menuentry 'el9' {
  linux /el9/vmlinuz inst.ks=http://old/ks.cfg \\
    console=tty0
  initrd /el9/initrd.img
}
menuentry 'any kernel' { linux /k root=/dev/sda1; initrd /i; }
menuentry 'xen' { multiboot2 /xen.gz; module2 /k; }
menuentry 'server' { linux /k boot=live fetch=http://$net_default_server/fs }
menuentry disk { set root=(hd0); chainloader +1 }
submenu "More \${unknown}" {
  menuentry 'deep' { linux /k boot=live deep=1; initrd /i }
}
`

function openGrub(more: OldFiles): OldPlace {
  return openOld({ ...files, ...more })
}

function take(old: OldPlace): RootReport {
  return importGrub(old.at('tftp'), { site: old.site, dryRun: false })
}

test('menus of GRUB become profiles, files of single machines become machines', async () => {
  using old = openGrub({
    'tftp/grub/grub.cfg': menu,
    'tftp/grub/grub.cfg-01-52-54-00-77-06-01': 'linux /k boot=live one=1\ninitrd /i\nboot\n',
    'tftp/grub/grub.cfg-01-52-54-00-77-06-02': 'configfile /grub/grub.cfg-01-52-54-00-77-06-01\n',
    'tftp/grub/grub.cfg-0A4D000B': 'menuentry x { exit }\n',
    'tftp/grub/grub.cfg-x86_64': 'boot\n',
  })
  const { left, todo } = take(old)
  expect(await old.errors()).toEqual([])
  const { profiles, machines } = old.load()
  expect(profiles.map(({ name, kind }) => [name, kind])).toEqual([
    ['rescue', 'live'],
    ['el9', 'install'],
    ['deep', 'live'],
    ['menu-More-unknown', 'menu'],
    ['menu-grub.cfg', 'menu'],
    ['grub.cfg-01-52-54-00-77-06-01', 'live'],
    ['disk', 'local'],
  ])
  expect(profiles.find(({ name }) => name === 'rescue')).toMatchObject({
    kernel: 'files/k',
    initrd: ['files/i'],
    args: 'boot=live console=ttyS0 BOOTIF={{machine.bootif}}',
  })
  expect(profiles.find(({ name }) => name === 'menu-grub.cfg')).toMatchObject({
    timeout: 5,
    entries: ['rescue', 'el9', 'menu-More-unknown'],
  })
  expect(machines.map(({ macs, profile }) => [macs[0], profile])).toEqual([
    ['52:54:00:77:06:01', 'grub.cfg-01-52-54-00-77-06-01'],
    ['52:54:00:77:06:02', 'grub.cfg-01-52-54-00-77-06-01'],
  ])
  expect(sentences(left).map((each) => each.slice(0, 60))).toEqual([
    expect.stringMatching(/^7 menuentry efi only: /),
    expect.stringMatching(/^18 menuentry any kernel: its line does not show/),
    expect.stringMatching(/^19 menuentry xen: is started by multiboot2/),
    expect.stringMatching(/^20 menuentry server: has a variable/),
    expect.stringMatching(/its menu waits for ever/),
    expect.stringMatching(/no machine would ask for it by that name/),
  ])
  expect(todo.join('\n')).toMatch(/mac: of ip-10-77-0-11: they stand as comments at the end of grub\.yaml/)
})

test.each([
  ['an entry that depends on a condition', 'menuentry a { if [ x = y ]; then linux /k boot=live; fi }\n'],
  ['braces that do not match', 'menuentry a { linux /k boot=live\n'],
  ['a quote without its end', "menuentry 'a { linux /k boot=live }\n"],
  ['a thousand menus in menus', `${'submenu a { '.repeat(1000)}${'}'.repeat(1000)}\n`],
  ['a variable that grows', `set a=xxxxxxxxxx\n${'set a=$a$a$a$a\n'.repeat(200)}menuentry a { linux /k $a }\n`],
  ['a function', 'function f { linux /k boot=live }\n'],
  ['memdisk', 'menuentry a { linux16 /memdisk; initrd16 /i }\n'],
])('%s makes nothing that boots', (_, text) => {
  using old = openGrub({ 'tftp/grub/grub.cfg': text, 'tftp/memdisk': 'm' })
  const { left } = take(old)
  expect(old.load().profiles).toEqual([])
  expect(left.length).toBeGreaterThan(0)
})

test('a directory without a grub.cfg is told', () => {
  using old = openGrub({})
  expect(() => take(old)).toThrow(/holds no grub\.cfg/)
})
