import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { familyOf } from '../../src/answer/families.ts'
import { Fault } from '../../src/fault.ts'
import { contextFor, fewVars, fullVars, installs, renderFor, scriptsIn, shipped } from './shipped.ts'

const autoyast = familyOf({ family: 'suse', version: '15.6' })
const agama = familyOf({ family: 'suse', version: '16.0' })
const distro = { name: 'd', family: 'suse', kernel: 'k', initrd: [], args: '', origin: { file: 'f', line: 1 } } as const
const answer = { url: 'http://10.77.0.1/a/t' }
const tree = 'http://m/leap'

test('the version decides between AutoYaST and Agama', () => {
  expect(
    autoyast.installArgs({ ...distro, version: '15.6', tree }, { answer, machine: { hostname: 'duncan' } }),
  ).toEqual(['install=http://m/leap', 'hostname=duncan', 'autoyast=http://10.77.0.1/a/t'])
  expect(
    agama.installArgs({ ...distro, version: '16.0', tree }, { answer, vars: { after_install: 'poweroff' } }),
  ).toEqual([
    'root=live:http://m/leap/LiveOS/squashfs.img',
    'ip=dhcp',
    'inst.auto=http://10.77.0.1/a/t/profile.json',
    'inst.finish=poweroff',
  ])
  for (const family of [autoyast, agama]) expect(family).not.toHaveProperty('liveArgs')
})

const xml = '<?xml version="1.0"?>\n<profile>\n<confirm x="">false</confirm>\n<partitioning/>\n</profile>\n'

test.each([
  ['<profile>\n<a>\n</profile>\n', 3, /^no XML: /],
  ['<x/>\n', 1, 'there is no <profile>'],
  [xml.replace('false', 'true'), 3, 'without <confirm> false in <mode> the installer waits for a person'],
  [xml.replace('<partitioning/>', '<a/>'), 1, 'no disk is chosen: YaST proposes one and wipes it'],
  [
    xml.replace('</profile>', '<user_password>secret</user_password></profile>'),
    5,
    /^user_password holds a password in clear text/,
  ],
])('AutoYaST %j is wrong in line %d: %s', (text, line, message) => {
  expect(autoyast.check(xml, '15.6')).toEqual([])
  expect(autoyast.check(text, '15.6')).toMatchObject([
    { line, message: typeof message === 'string' ? message : (expect.stringMatching(message) as string) },
  ])
})

const json = '{\n"product": {},\n"storage": {}\n}\n'

test.each([
  ['{\n"product": {},\n"storage": {},\n}\n', 4, /^no JSON: /],
  ['hello', 1, 'no profile: neither JSON nor Jsonnet'],
  [json.replace('{}\n}', '{},\n"stroage": 1}'), 4, 'Agama knows no stroage'],
  [json.replace('"product": {},\n', ''), 1, 'product is missing: Agama would ask which one'],
  ['{ "product": {} }', 1, 'no disk is chosen: Agama takes one and wipes it'],
  [
    json.replace('{}\n}', '{},\n"root": { "password": "x" } }'),
    4,
    /^password holds a password in clear text.*hashedPassword: true$/,
  ],
  [json.replace('{}\n}', '{},\n"scripts": { "pre": [{ "content": "" }] } }'), 4, 'a script of pre needs a name'],
])('Agama %j is wrong in line %d: %s', (text, line, message) => {
  expect(agama.check(json, '16')).toEqual([])
  expect(agama.check('// a program\nlocal a = 1; {}', '16')).toEqual([])
  expect(agama.check(text, '16')).toMatchObject([
    { line, message: typeof message === 'string' ? message : (expect.stringMatching(message) as string) },
  ])
})

test.each([
  '',
  '<'.repeat(100_000),
  '<a>'.repeat(10_000),
  '{'.repeat(100_000),
  '['.repeat(50_000),
  '\0',
  '<!DOCTYPE a [<!ENTITY b "c">]><profile/>',
])('a hostile profile ends in a list of problems: %#', (text) => {
  for (const family of [autoyast, agama]) expect(Array.isArray(family.check(text, 'x'))).toBe(true)
})

test('text for XML is escaped, and what XML cannot hold is refused', () => {
  const render = (value: string): string =>
    shipped.renderText('<a b="{{xml v}}">', { v: value }, { file: 'f', line: 1, who: 'x' })
  expect(render(`<&>"'--`)).toBe('<a b="&#60;&#38;&#62;&#34;&#39;&#45;&#45;">')
  for (const odd of ['a\nb', '\u0001', '\ufffe', '\ud800']) expect(() => render(odd)).toThrow(Fault)
})

test('the last script of both says done at its end or failed, and the disk is only in the profile when it was chosen', () => {
  for (const install of installs.filter(({ family }) => family === 'suse')) {
    const text = renderFor(install, fewVars)
    const [pre, late] = scriptsIn(text)
    expect(pre).toMatch(/birnam_report failed "\$birnam_why"[^]*while :; do sleep 60; done/)
    expect(late).toMatch(/if \[ "\$birnam_code" = 0 \]; then\n {2}birnam_report done\nelse[^]*birnam_report failed/)
  }
  expect(
    renderFor(
      installs.find(({ version }) => version === '15.6')!,
      fullVars,
    ),
  ).toContain('<device>@disk@</device>')
})

test('settings that fail are told, and nothing says done then', () => {
  const install = installs.find(({ version }) => version === '15.6')!
  const [, late] = scriptsIn(
    shipped.render(install.template, { ...contextFor(install, fewVars), report: { url: 'http://x/r/t' } }, 'x'),
  )
  const fake = 'curl() { echo "$*" >&3; }\nuseradd() { return 7; }\n'
  // Nothing of this host is touched: the first command of the settings ends them.
  const script = `${fake}${late!.replaceAll(/ > \/etc\/hostname$/gm, '; exit 7').replaceAll('/root/birnam-late.log', '/dev/null')}`
  const { output } = spawnSync('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], encoding: 'utf8' })
  expect(output[3]).toMatch(
    /kind=progress[^]*kind=failed&why=the\+settings\+of\+the\+installed\+system\+ended\+with\+code\+7/,
  )
  expect(output[3]).not.toContain('kind=done')
})
