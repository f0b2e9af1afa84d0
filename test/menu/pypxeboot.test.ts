import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { checkPypxeboot } from '../../src/menu/pypxeboot.ts'
import { pypxeboot } from './pypxeboot.ts'
import { anyText } from './words.ts'

const entry = (...lines: string[]): string => ['DEFAULT a', 'LABEL a', ...lines, ''].join('\n')
const kernel = (append: string): string => entry('  KERNEL k', `  APPEND ${append}`)
const said = (text: string): string[] =>
  checkPypxeboot(text, 'pxelinux/default').map(({ severity, line, message }) => `${severity} ${line}: ${message}`)

test('a problem names file, line and the way out', () => {
  expect(checkPypxeboot(kernel('initrd=i root=UUID=5eC7e7'), 'pxelinux/default')).toEqual([
    {
      severity: 'error',
      file: 'pxelinux/default',
      line: 4,
      message: 'the word "root=…" holds a second =',
      hint: 'pypxeboot dies of it: put the value behind a URL without =',
    },
  ])
})

test.each([
  [
    'a bare word erases the value before it',
    kernel('initrd=i panic=10 quiet'),
    'error 4: the bare word "quiet" makes pypxeboot forget the value of panic=…',
  ],
  [
    'a bare word erases even the initrd',
    kernel('initrd=i quiet x=1'),
    'error 4: the bare word "quiet" makes pypxeboot forget the value of initrd=…',
  ],
  [
    'a bare word at the beginning',
    kernel('quiet x=1'),
    'error 4: pypxeboot dies of the bare word "quiet" at the beginning',
  ],
  ['a second bare word', kernel('initrd=i ro=1 ro splash'), 'warning 4: pypxeboot loses the bare word "splash"'],
  [
    'a key given twice',
    kernel('initrd=i console=tty0 console=ttyS0'),
    'warning 4: pypxeboot keeps only the last console=…',
  ],
  ['two initrds', kernel('initrd=i initrd=j x=1'), 'error 4: a second initrd='],
  [
    'a list of initrds',
    kernel('initrd=i,j x=1'),
    'warning 4: pypxeboot asks for one file of the name that initrd= has, commas and all',
  ],
  ['nothing but an initrd', kernel('initrd=i'), 'error 4: APPEND holds nothing but initrd='],
  ['a quote', kernel("initrd=i x='1'"), 'error 4: the word "x=…" holds a quote'],
  ['the word kernel=', kernel('initrd=i kernel=1'), 'error 4: pypxeboot drops the word kernel=…'],
  ['one name for kernel and initrd', kernel('initrd=sub/k x=1'), 'error 4: kernel and initrd have the same last name'],
  ['an APPEND that cancels', kernel('-'), 'error 4: pypxeboot dies of the bare word "-" at the beginning'],
  ['no KERNEL', entry('  APPEND initrd=i x=1'), 'error 2: entry a has no KERNEL'],
  ['no APPEND', entry('  KERNEL k'), 'error 2: entry a has no APPEND'],
  ['LINUX for KERNEL', entry('  LINUX k', '  APPEND initrd=i x=1'), 'error 2: entry a has no KERNEL'],
  ['an INITRD line', entry('  KERNEL k', '  INITRD i', '  APPEND x=1'), 'error 4: pypxeboot skips INITRD lines'],
  ['a tab for the blank', entry('  KERNEL k', '  APPEND\tinitrd=i x=1'), 'error 4: pypxeboot does not see this APPEND'],
  [
    'two blanks',
    entry('  KERNEL  k', '  APPEND x=1'),
    'error 3: pypxeboot takes the second blank after KERNEL for part of the name',
  ],
  ['LOCALBOOT without a value', entry('  LOCALBOOT'), 'error 3: pypxeboot does not see this LOCALBOOT'],
  ['a global APPEND', `APPEND x=1\n${kernel('x=1')}`, 'error 1: pypxeboot dies of APPEND before the first LABEL'],
  ['no DEFAULT', 'LABEL a\nLOCALBOOT 0\n', 'error 1: the menu has no DEFAULT'],
  ['a DEFAULT in other letters', 'DEFAULT A\nLABEL a\nLOCALBOOT 0\n', 'error 1: DEFAULT A is no LABEL of this menu'],
  [
    'a menu program as DEFAULT',
    'DEFAULT vesamenu.c32\nLABEL a\nLOCALBOOT 0\n',
    'error 1: DEFAULT vesamenu.c32 is no LABEL of this menu',
  ],
  ['a second DEFAULT', 'DEFAULT a\nDEFAULT a\nLABEL a\nLOCALBOOT 0\n', 'warning 2: a second DEFAULT'],
  ['a label given twice', `${kernel('x=1')}LABEL a\nLOCALBOOT 0\n`, 'error 5: a second entry is called a'],
  [
    'a help text that looks like a directive',
    entry('LOCALBOOT 0', 'TEXT HELP', 'append something=x', 'ENDTEXT'),
    'error 5: pypxeboot reads this line of a TEXT block as APPEND',
  ],
  ['INCLUDE', `INCLUDE other\n${kernel('x=1')}`, 'warning 1: pypxeboot does not follow INCLUDE'],
  ['IPAPPEND', entry('KERNEL k', 'APPEND x=1', 'IPAPPEND 2'), 'warning 5: pypxeboot does not know IPAPPEND'],
  ['a program in another entry', `${kernel('x=1')}LABEL r\nCOM32 reboot.c32\n`, 'warning 5: entry r has no KERNEL'],
  [
    'a kernel name with a parenthesis',
    entry('KERNEL k(1)', 'APPEND x=1'),
    'error 3: the kernel name holds blanks, quotes or parentheses',
  ],
])('%s is named with its line', (_, text, wanted) => {
  expect(said(text)).toContain(wanted)
})

test.each([
  [
    'a menu for metal and Xen',
    'DEFAULT a\nPROMPT 1\nTIMEOUT 50\nUI menu.c32\n# c\nLABEL a\n  MENU LABEL ^A\n  KERNEL k\n  APPEND initrd=i x=1\nLABEL l\n  LOCALBOOT 0\n',
  ],
  ['bare words after a pad', kernel('initrd=i pxe.pad=1 auto text ro=1 ro x=1 pxe.pad=1 ---')],
  ['lower case and CR LF', 'default a\r\nlabel a\r\nkernel k\r\nappend initrd=i x=1\r\n'],
  ['more blanks between words', kernel('initrd=i  x=1 ')],
  ['no initrd at all', kernel('x=1')],
])('%s is as it should be', (_, text) => {
  expect(said(text)).toEqual([])
  expect(() => pypxeboot(text)).not.toThrow()
})

test('the example in pxelinux/README.md is as it should be', () => {
  const [, example = ''] = /```\n(DEFAULT[^`]*)```/.exec(readFileSync('pxelinux/README.md', 'utf8'))!
  expect(said(example)).toEqual([])
  expect(pypxeboot(example)).toMatchObject({ kernel: 'boot/vmlinuz', initrd: 'boot/initrd.gz' })
})

const line = fc.oneof(
  fc.constantFrom(
    'DEFAULT a',
    'LABEL a',
    'LABEL b',
    '  KERNEL k',
    '\tkernel k',
    '  LOCALBOOT 0',
    'LOCALBOOT',
    'LINUX k',
    'INITRD i',
    'TEXT HELP',
    'ENDTEXT',
    'APPEND',
    '#',
    '',
  ),
  fc
    .array(
      fc.constantFrom('initrd=i', 'x=1', 'y=', 'quiet', 'z=a=b', '-', 'ro=1', 'ro', 'pxe.pad=1', "q='", 'kernel=1'),
      { minLength: 1, maxLength: 5 },
    )
    .map((words) => `  APPEND ${words.join(' ')}`),
)

test('a menu without an error is one that pypxeboot reads, whatever the lines are', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const text = lines.join('\n')
      if (checkPypxeboot(text, 'menu').some(({ severity }) => severity === 'error')) return
      const boot = pypxeboot(text)
      if (boot !== 'localboot') expect(boot.sxp).toMatch(/\(args '[^']+'\)$/)
    }),
    { numRuns: 2000 },
  )
})

test('no text is too strange for the checker', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const problem of checkPypxeboot(text, 'menu')) expect(problem.hint).not.toBe('')
    }),
  )
})
