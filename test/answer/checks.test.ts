import { expect, test } from 'vitest'
import { familyOf } from '../../src/answer/families.ts'

const kickstart = familyOf({ family: 'redhat' })
const preseed = familyOf({ family: 'debian' })
const fine = 'rootpw --lock\nclearpart --all\n'

const kickstarts = [
  ['%post\ntrue\n', '9', 3, '%post has no %end'],
  ['%end\n', '9', 3, '%end without a section'],
  ['%pre\ntrue\n%post\n%end\n', '9', 5, '%post begins before the %end of %pre, line 3'],
  ['authconfig --enableshadow\n', '9', 3, 'authconfig is gone since version 9'],
  ['install\n', '10', 3, 'install is gone since version 9'],
  ['rootpw secret\n', '9', 3, 'rootpw holds a password in clear text: use a hash and --iscrypted'],
  ['user --name=a --password=secret\n', '9', 3, 'user holds a password in clear text: use a hash and --iscrypted'],
] as const

test.each(kickstarts)('kickstart %j for version %s is wrong in line %d: %s', (text, version, line, message) => {
  expect(kickstart.check(fine + text, version)).toEqual([{ line, severity: 'error', message }])
})

test.each([
  ['what was removed later is still there before', 'authconfig --enableshadow\n', '8'],
  ['what EL lost says nothing about Fedora', 'install\n', '42'],
  ['words of a script are no commands', '%post\nrootpw secret\ninstall\n%end\n', '9'],
  ['%pre-install is a section of its own', '%pre-install\ntrue\n%end\n', '9'],
  ['comments and includes are no commands', '# install\n%include /tmp/x\n', '9'],
])('kickstart: %s', (_, text, version) => {
  expect(kickstart.check(fine + text, version)).toEqual([])
})

test('a kickstart in which nobody could log in, or which leaves the disk open, is warned of', () => {
  expect(kickstart.check('text\n', '9')).toEqual([
    { line: 1, severity: 'warning', message: 'nobody could log in: no rootpw, user or sshkey' },
    { line: 1, severity: 'warning', message: 'no disk is chosen: Anaconda will stop and ask' },
  ])
})

const preseeds = [
  ['d-i partman/confirm\n', 'error', 'not a question: write owner, question, type and value'],
  ['d-i partman/confirm bool true\n', 'error', 'bool is no type of question'],
  ['d-i time/zone string  UTC\n', 'warning', 'more than one blank before the value: the blanks become part of it'],
  [
    'd-i netcfg/get_ipaddress string 10.77.0.11\n',
    'warning',
    'netcfg/get_ipaddress comes too late in a file from the network: put it on the kernel line',
  ],
  [
    'd-i passwd/root-password password secret\n',
    'error',
    'passwd/root-password holds a password in clear text: use passwd/root-password-crypted',
  ],
  [
    'd-i passwd/user-password-again password secret\n',
    'error',
    'passwd/user-password-again holds a password in clear text: use passwd/user-password-crypted',
  ],
] as const

test.each(preseeds)('preseed %j: %s: %s', (text, severity, message) => {
  expect(preseed.check(`# a comment\n\n${text}`, '12')).toEqual([{ line: 3, severity, message }])
})

test.each([
  ['d-i partman-auto/choose_recipe \\\n    select atomic\n'],
  ['d-i \\\n  partman/choose_partition \\\nselect \\\n  finish\n'],
  ['d-i preseed/late_command string \\\n    in-target true; \\\n    in-target sync\n'],
])('a preseed question may be broken at any blank: %j', (text) => {
  expect(preseed.check(text, '12')).toEqual([])
})

test('a preseed question that is broken before a wrong type is told with its first line', () => {
  expect(preseed.check('\nd-i x/y \\\n  nothing z\n', '12')).toEqual([
    { line: 2, severity: 'error', message: 'nothing is no type of question' },
  ])
})

test('a preseed question may go on behind a backslash, and the next one keeps its line', () => {
  const text = 'd-i preseed/late_command string a; \\\nb; \\\n# c\nd-i x/y nothing z\n'
  expect(preseed.check(text, '12')).toEqual([{ line: 4, severity: 'error', message: 'nothing is no type of question' }])
})

const hostile = [
  '',
  '\n'.repeat(100_000),
  'x'.repeat(1 << 20),
  '%'.repeat(10_000),
  '\0',
  '\ud800',
  'd-i '.repeat(50_000),
  '\\\n'.repeat(50_000),
]

test.each(hostile.map((text, index) => ({ index, text })))(
  'hostile text $index ends in a list of problems',
  ({ text }) => {
    for (const family of [kickstart, preseed]) expect(Array.isArray(family.check(text, 'x'))).toBe(true)
  },
)

test('every argument of an install holds one = at most, as pypxeboot wants it', () => {
  const distro = {
    name: 'd',
    family: 'redhat',
    version: '9',
    kernel: 'k',
    initrd: [],
    args: '',
    tree: 'http://mirror/9/',
    origin: { file: 'f', line: 1 },
  } as const
  const context = {
    answer: { url: 'http://10.77.0.1/a/t' },
    machine: { hostname: 'duncan' },
    network: { domain: 'scotland.example' },
  }
  const args = [...kickstart.installArgs(distro, context), ...preseed.installArgs(distro, context)]
  expect(args).toContain('inst.ks=http://10.77.0.1/a/t')
  expect(args).toContain('url=http://10.77.0.1/a/t')
  expect(args.filter((word) => word.split('=').length > 2 || /\s/.test(word))).toEqual([])
})
