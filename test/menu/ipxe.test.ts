import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ipxeBootstrap, writeIpxe } from '../../src/menu/ipxe.ts'
import { readIpxe } from './ipxe-reader.ts'
import { menuWith } from './menus.ts'
import { hostileText, word } from './words.ts'

const base = 'http://10.77.0.1/s/abc/'
const shape = (text: string): string[] => readIpxe(text).map(({ words, joint }) => [words[0], joint].join(' '))
const plain = readIpxe(writeIpxe(menuWith({ args: ['a=1'] }), base)).length

test('a script fetches the kernel, names every initrd for UEFI, and boots', () => {
  const text = writeIpxe(menuWith({ initrd: ['a/initrd.gz', 'b/firmware.cpio'], args: ['quiet', 'x=1;2'] }), base)
  expect(text.split('\n').slice(0, 12)).toEqual([
    '#!ipxe',
    '# Birnam for duncan: live',
    'goto probe',
    '',
    ':probe',
    'imgfree',
    'kernel http://10.77.0.1/s/abc/boot/vmlinuz initrd=initrd0 initrd=initrd1 quiet x=1;2 || goto ~failed',
    'initrd --name initrd0 http://10.77.0.1/s/abc/a/initrd.gz || goto ~failed',
    'initrd --name initrd1 http://10.77.0.1/s/abc/b/firmware.cpio || goto ~failed',
    'iseq ${platform} efi && iseq ${buildarch} x86_64 && shim http://10.77.0.1/s/abc/shimx64.efi ||',
    'iseq ${platform} efi && iseq ${buildarch} arm64 && shim http://10.77.0.1/s/abc/shimaa64.efi ||',
    'boot || goto ~failed',
  ])
})

test('the local disk is the first drive of a BIOS; UEFI goes on after an error', () => {
  expect(writeIpxe(menuWith(), base)).toContain(
    ':local\niseq ${platform} efi && exit 1 ||\nsanboot --no-describe --drive 0x80 || exit 1\n',
  )
})

test('on UEFI, where iPXE reads no disk, GRUB boots it, but only when the disk is the default of its menu too', () => {
  const text = writeIpxe(menuWith({}, { default: 'local' }), base)
  expect(text).toContain('goto local\n')
  expect(text).toContain(
    [
      ':local',
      'iseq ${platform} efi && iseq ${buildarch} x86_64 && chain http://10.77.0.1/s/abc/grubx64.efi ||',
      'iseq ${platform} efi && iseq ${buildarch} arm64 && chain http://10.77.0.1/s/abc/grubaa64.efi ||',
      'iseq ${platform} efi && exit 1 ||',
    ].join('\n'),
  )
  expect(writeIpxe(menuWith(), base)).not.toContain('grubx64.efi')
})

test('a menu that waits is a choice with its default', () => {
  const text = writeIpxe(menuWith({}, { timeout: 5 }), base)
  expect(text).toContain('item --key 1 probe 1) live: probe\nitem --key 2 local 2) Boot from the local disk\n')
  expect(text).toContain('choose --default probe --timeout 5000 chosen || goto probe\ngoto ${chosen}\n')
})

test('an iPXE without a script of its own gets an address, and goes on to its menu', () => {
  expect(readIpxe(ipxeBootstrap(`${base}boot.ipxe`)).map(({ words }) => words.join(' '))).toEqual([
    'dhcp',
    'exit 1',
    `chain ${base}boot.ipxe`,
    'exit 1',
  ])
})

test.each(['||', '&&', ';', '#x', 'a=${net0/mac}', '${x}'])('the word %s is refused: iPXE cannot quote it', (each) => {
  expect(() => writeIpxe(menuWith({ args: [each] }), base)).toThrow(/iPXE would not pass on/)
})

test.each(['a || reboot', 'a && b', 'x #', '${uuid}', 'end\\', 'end\\ ', 'a\nshell'])(
  'the title %j is refused where it is shown',
  (title) => {
    expect(() => writeIpxe(menuWith({}, { timeout: 5 }, title), base)).toThrow(/title/)
  },
)

test.each(['http://10.77.0.1/s/abc', 'http://h/ x/', 'file:///', 'http://h/${x}/'])(
  '%j is no place to boot from',
  (place) => {
    expect(() => writeIpxe(menuWith(), place)).toThrow(/not the URL of a boot/)
  },
)

test('no argument can add a statement: it comes back as the same word, or is refused', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(word, hostileText), { maxLength: 6 }), (args) => {
      const text = attempt(() => writeIpxe(menuWith({ args }), base))
      if (text === undefined) return
      const statements = readIpxe(text)
      expect(statements).toHaveLength(plain)
      const kernel = statements.find(({ words }) => words[0] === 'kernel')!
      expect(kernel.words.slice(3)).toEqual(args)
    }),
  )
})

test('no title, label or comment can add a statement', () => {
  const wanted = shape(writeIpxe(menuWith({}, { timeout: 5 }), base))
  fc.assert(
    fc.property(hostileText, hostileText, (title, comment) => {
      const text = attempt(() => writeIpxe(menuWith({}, { timeout: 5, comments: [comment] }, title), base))
      if (text !== undefined) expect(shape(text)).toEqual(wanted)
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
