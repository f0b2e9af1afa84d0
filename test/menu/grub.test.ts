import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { grubBootstrap, writeGrub } from '../../src/menu/grub.ts'
import { readGrub } from './grub-reader.ts'
import { menuWith } from './menus.ts'
import { hostileText, word } from './words.ts'

const base = '/s/abc/'
const plain = readGrub(writeGrub(menuWith(), base)).length
const noChecker = spawnSync('grub-script-check', ['--version']).status !== 0
const grubAccepts = (text: string): string =>
  spawnSync('grub-script-check', [], { input: text, encoding: 'utf8' }).stderr

test('linux and initrd take the words in the order given, each in quotes', () => {
  const text = writeGrub(
    menuWith({ initrd: ['a/initrd.gz', 'b/fw.cpio'], args: ['quiet', 'ds=nocloud;s=http://h/', 'root=UUID=1'] }),
    base,
  )
  expect(text).toContain(`menuentry 'live: probe' --id 'probe' {`)
  expect(text).toContain(
    `  linux '/s/abc/boot/vmlinuz' 'quiet' 'ds=nocloud;s=http://h/' 'root=UUID=1'\n  initrd '/s/abc/a/initrd.gz' '/s/abc/b/fw.cpio'\n`,
  )
  expect(text).not.toContain('linuxefi')
})

test('the default is told by number, and what cannot be loaded falls back to the disk', () => {
  expect(writeGrub(menuWith({}, { timeout: 3 }), base)).toContain('set default=0\nset timeout=3\nset fallback=1\n')
  expect(writeGrub(menuWith({}, { default: 'local' }), base)).toContain('set default=1\nset timeout=0\n\n')
})

test('the local disk: a loader on the ESP with the disk as root, on BIOS the boot sector, else back to the firmware', () => {
  const text = writeGrub(menuWith(), base)
  expect(text).toMatch(/for loader in \(hd\*,\*\)\/EFI\/\*\/shimx64\.efi .*\(hd\*,\*\)\/EFI\/BOOT\/BOOTX64\.EFI .*; do/)
  expect(text).toContain(`regexp --set=1:root '^\\(([^)]*)\\)' "$loader"`)
  expect(text).toContain('set root=hd0\n    chainloader +1\n')
})

test('a quote in a title is shown, a dash at its beginning is no option', () => {
  expect(readGrub(writeGrub(menuWith({}, {}, "it's"), base))).toContainEqual([
    'menuentry',
    "it's",
    '--id',
    'probe',
    '{',
  ])
  expect(readGrub(writeGrub(menuWith({}, {}, '--class=x'), base))).toContainEqual([
    'menuentry',
    ' --class=x',
    '--id',
    'probe',
    '{',
  ])
})

test('the bootstrap goes from the session in the boot file name to its menu, then to the menu for the MAC', () => {
  const text = grubBootstrap()
  const [session, mac] = [
    text.indexOf('configfile "/${session}grub.cfg"'),
    text.indexOf('configfile "/grub/grub.cfg-01-$a-$b-$c-$d-$e-$f"'),
  ]
  expect(session).toBeGreaterThan(text.indexOf('set file="$net_efinet0_boot_file'))
  expect(mac).toBeGreaterThan(session)
  // eslint-disable-next-line no-control-regex
  expect(text).toMatch(/^[\n -~]+$/)
})

test.skipIf(noChecker)(
  `grub-script-check takes every menu${noChecker ? ' (skipped: install grub-common)' : ''}`,
  () => {
    const texts = [
      grubBootstrap(),
      writeGrub(menuWith({ args: ['a;b', '{x}', '$y', '${z}', '#c', '|', '&&', '<', '`'] }), base),
      writeGrub(menuWith({ initrd: [], args: [] }, { timeout: 9, default: 'local' }, `it's "{;#$`), base),
    ]
    for (const text of texts) expect(grubAccepts(text)).toBe('')
  },
)

test('no argument can add a statement: it comes back as the same word, or is refused', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(word, hostileText), { maxLength: 6 }), (args) => {
      const text = attempt(() => writeGrub(menuWith({ args }), base))
      if (text === undefined) return
      const statements = readGrub(text)
      expect(statements).toHaveLength(plain)
      expect(statements.find(([command]) => command === 'linux')!.slice(2)).toEqual(args)
    }),
  )
})

test('no title or comment can add a statement', () => {
  fc.assert(
    fc.property(hostileText, hostileText, (title, comment) => {
      const text = attempt(() => writeGrub(menuWith({}, { comments: [comment] }, title), base))
      if (text === undefined) return
      expect(readGrub(text)).toHaveLength(plain)
      expect(readGrub(text).map(([command]) => command)).toEqual(
        readGrub(writeGrub(menuWith(), base)).map(([command]) => command),
      )
    }),
  )
})

function attempt(write: () => string): string | undefined {
  try {
    return write()
  } catch (error) {
    expect(error).toMatchObject({ name: 'Fault', code: 'menu-unsafe' })
    return undefined
  }
}
