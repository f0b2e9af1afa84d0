import fc from 'fast-check'
import { expect, test } from 'vitest'
import { writePxelinux, doubled, pad } from '../../src/menu/pxelinux.ts'
import { checkPypxeboot } from '../../src/menu/pypxeboot.ts'
import { menuWith } from './menus.ts'
import { readPxelinux } from './pxelinux-reader.ts'
import { pypxeboot } from './pypxeboot.ts'
import { bareWord, hostileText, pairWord, word } from './words.ts'

const shorten = (value: string): string => `http://10.77.0.1/k/${Buffer.from(value).toString('hex').slice(-12)}`
const appendOf = (text: string): string[] => /^ {2}APPEND (.*)$/m.exec(text)![1]!.split(' ')

test('a menu is one DEFAULT and one entry a label, with names relative to where it came from', () => {
  expect(writePxelinux(menuWith({ args: ['console=ttyS0,115200', 'x=1'] }))).toBe(
    [
      '# Birnam for duncan: live',
      'DEFAULT probe',
      'PROMPT 0',
      'ONERROR local',
      '',
      'LABEL probe',
      '  MENU LABEL live: probe',
      '  KERNEL boot/vmlinuz',
      '  APPEND initrd=boot/initrd.gz console=ttyS0,115200 x=1',
      '',
      'LABEL local',
      '  MENU LABEL Boot from the local disk',
      '  LOCALBOOT 0',
      '',
    ].join('\n'),
  )
})

test('a menu that waits shows its choices and counts in tenths of a second', () => {
  const text = writePxelinux(menuWith({}, { timeout: 7 }))
  expect(text).toContain('PROMPT 1\nTIMEOUT 70\nSAY probe: live: probe\nSAY local: Boot from the local disk\n')
  expect(checkPypxeboot(text, 'menu')).toEqual([])
})

test('a bare word gets a word before it that pypxeboot may erase', () => {
  const words = appendOf(writePxelinux(menuWith({ args: ['url=http://a/b', 'auto', '---', 'console=tty0', 'text'] })))
  expect(words.slice(1)).toEqual(['url=http://a/b', pad, 'auto', '---', 'console=tty0', pad, 'text'])
})

test('words that mean the same with a value come out of pypxeboot whole', () => {
  const boot = pypxeboot(writePxelinux(menuWith({ args: ['root=/dev/xvda', 'ro', 'quiet'] })))
  expect(boot).toMatchObject({ args: new Map([['root', '/dev/xvda'], ['ro', undefined], ['quiet', undefined]]) }) // prettier-ignore
})

test('a URL that holds = goes behind a short one', () => {
  const text = writePxelinux(menuWith({ args: ['url=http://h/?mac=1'] }), { shorten: () => 'http://10.77.0.1/k/ab12' })
  expect(appendOf(text)).toEqual(['initrd=boot/initrd.gz', 'url=http://10.77.0.1/k/ab12'])
})

test('what cannot be shortened is refused with the way out, and its value is not told', () => {
  expect(() => writePxelinux(menuWith({ args: ['root=UUID=5eC7e7'] }), { shorten })).toThrow(/root=…/)
  expect(() => writePxelinux(menuWith({ args: ['url=http://h/?mac=1'] }))).toThrow(/second =/)
  expect(() =>
    writePxelinux(menuWith({ args: ['url=http://h/?t=5eC7e7'] }), { shorten: () => 'http://h/k?a=1' }),
  ).not.toThrow(/5eC7e7/)
})

test.each(['vmlinuz-6.1.0', 'boot.img', 'xen.bin'])('the kernel %s is not taken for a boot loader', (kernel) => {
  expect(writePxelinux(menuWith({ kernel }))).toContain(`  KERNEL ${kernel}\n  LINUX ${kernel}\n`)
})

test('kernel and initrd of one last name would be one file in dom0, so they are refused', () => {
  expect(() => writePxelinux(menuWith({ kernel: 'k/image', initrd: ['i/image'] }))).toThrow(/same last name/)
})

test('a line longer than a kernel reads is refused', () => {
  expect(() => writePxelinux(menuWith({ args: [`a=${'x'.repeat(2047)}`] }))).toThrow(/2095 characters/)
})

test('every menu that is written passes the checker, and pypxeboot reads its values', () => {
  const kernels = fc.record({ args: fc.array(word, { maxLength: 12 }), initrd: fc.subarray(['boot/initrd.gz']) })
  fc.assert(
    fc.property(kernels, ({ args, initrd }) => {
      const text = writePxelinux(menuWith({ args, initrd }), { shorten })
      expect(checkPypxeboot(text, 'menu').filter(({ severity }) => severity === 'error')).toEqual([])
      const boot = pypxeboot(text)
      if (boot === 'localboot') throw new Error('localboot')
      expect(boot.initrd).toBe(initrd[0])
      expect(boot.sxp).toMatch(/^linux \(kernel [^ ]+\)(?:\(ramdisk [^ ]+\))?\(args '[^']+'\)$/)
      const pairs = args.flatMap((each) => [...each.matchAll(/^([^=]+)=(.*)$/gs)])
      const wanted = new Map(pairs.map(([, key, value]) => [key!, value!]))
      for (const [key, value] of wanted) expect(boot.args.get(key)).toBe(value.includes('=') ? shorten(value) : value)
    }),
  )
})

test('the words come back in their order, but for those that stand in for pypxeboot', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(bareWord, pairWord), { maxLength: 12 }), (args) => {
      const words = appendOf(writePxelinux(menuWith({ args }))).slice(1)
      const own = words.filter(
        (each, at) => each !== pad && !(doubled.has(words[at + 1]!) && each === `${words[at + 1]}=1`),
      )
      expect(own).toEqual(args)
    }),
  )
})

test('nothing hostile can add a directive: argument, title and comment come back as they were, or are refused', () => {
  const wanted = readPxelinux(writePxelinux(menuWith({}, { timeout: 5 }))).map(([keyword]) => keyword)
  fc.assert(
    fc.property(
      fc.array(fc.oneof(word, hostileText), { maxLength: 4 }),
      hostileText,
      hostileText,
      (args, title, comment) => {
        const text = attempt(() =>
          writePxelinux(menuWith({ args }, { timeout: 5, comments: [comment] }, title), { shorten }),
        )
        if (text !== undefined) expect(readPxelinux(text).map(([keyword]) => keyword)).toEqual(wanted)
      },
    ),
  )
})

test.each(['', '-x', 'a b', 'a\nLABEL b', 'ä', 'x'.repeat(65)])('the label %j is refused', (label) => {
  const boot = { kind: 'local' } as const
  expect(() =>
    writePxelinux({ comments: [], default: label, timeout: 0, entries: [{ label, title: 't', boot }] }),
  ).toThrow(/cannot be called/)
})

test.each(['', 'a b', '../x', 'a/./b', '/etc/passwd', 'a,b', 'a=b', "a'b", 'a\nb', 'a:b', '-x', 'a//b'])(
  'the file name %j is refused',
  (kernel) => {
    expect(() => writePxelinux(menuWith({ kernel }))).toThrow(/cannot ask for a file/)
    expect(() => writePxelinux(menuWith({ initrd: [kernel] }))).toThrow(/cannot ask for a file/)
  },
)

test('an initrd among the arguments, two entries of one name and a default that is none are refused', () => {
  expect(() => writePxelinux(menuWith({ args: ['initrd=x'] }))).toThrow(/names an initrd/)
  expect(() => writePxelinux(menuWith({ initrd: [], args: ['rd.initrd=x'] }))).toThrow(/as an initrd/)
  expect(() => writePxelinux(menuWith({}, { default: 'web' }))).toThrow(/no entry "web"/)
  const [entry] = menuWith().entries
  expect(() => writePxelinux(menuWith({}, { entries: [entry!, entry!] }))).toThrow(/two entries/)
  expect(() => writePxelinux(menuWith({}, { timeout: -1 }))).toThrow(/timeout/)
})

function attempt(write: () => string): string | undefined {
  try {
    return write()
  } catch (error) {
    expect(error).toMatchObject({ name: 'Fault', code: 'menu-unsafe' })
    return undefined
  }
}
