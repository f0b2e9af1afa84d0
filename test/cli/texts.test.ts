import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Trace } from '../../src/api/trace/trace.ts'
import type { Listener } from '../../src/app/listeners.ts'
import { bannerText, listensAtAll } from '../../src/cli/banner.ts'
import { lineFor, placeOf } from '../../src/cli/place.ts'
import { count, plain, table } from '../../src/cli/print.ts'
import { traceText } from '../../src/cli/trace.ts'
import { openHouse } from '../house.ts'

const birnam = fileURLToPath(new URL('../../tools/birnam', import.meta.url))
const at = Date.UTC(2026, 10, 23, 12)
const events = [
  { id: 1, at, type: 'dhcp.discover', machine: 'duncan', session: 's1', detail: { interface: 'lab-br' } },
  { id: 2, at: at + 1500, type: 'report.log', machine: 'duncan', session: 's1', detail: { text: 'a\n\u{1b}[31mb' } },
]
const trace: Trace = { machine: 'duncan', session: 's1', startedAt: at, events, ended: true, notes: [] }

describe('a trace for people', () => {
  test('has the time since its beginning, one event a line, and nothing that moves the cursor', () => {
    const [head, first, second, end] = traceText(trace).split('\n')
    expect(head).toBe('duncan, 2026-11-23 12:00:00 UTC, boot session s1')
    expect(first).toMatch(/^ {2}12:00:00\.000 {5}\+0\.0s {2}dhcp\.discover {6}interface=lab-br$/)
    expect(second).toMatch(/\+1\.5s {2}report\.log {9}text=a\\n\\u001b\[31mb$/)
    expect(end).toBe('This boot went to its end.')
  })

  test('tells a usual cause as such, and one that an event named as it is', () => {
    const stopped = (cause: string, more: { usual?: true } = {}): string =>
      traceText({ ...trace, ended: false, missing: { step: 'the menu', cause, ...more } })
    expect(stopped('no power', { usual: true })).toMatch(
      /It stopped before: the menu\.\nUsual cause \(nothing here names one\): no power\.$/,
    )
    expect(stopped('fleet.yaml:7: no')).toMatch(/It stopped before: the menu\.\nCause: fleet\.yaml:7: no\.$/)
  })

  test('of a boot under way says what it is about, and what else is to be known', () => {
    const going = 'It is fetching boot/vmlinuz: 41 of 293 KiB, for 4 s'
    expect(traceText({ ...trace, ended: false, going, notes: ['Armed since noon'] })).toMatch(
      /\nIt is fetching boot\/vmlinuz: 41 of 293 KiB, for 4 s\.\nArmed since noon\.$/,
    )
  })

  test('of a machine that never came says why that usually is, and what else is known', () => {
    const missing = { step: 'DHCPDISCOVER', cause: 'the machine is off', usual: true } as const
    const never: Trace = { machine: 'duncan', events: [], ended: false, missing, notes: [] }
    expect(traceText(never)).toBe(
      'duncan never booted from here. Usual cause (nothing here names one): the machine is off.',
    )
    const armed = { id: 1, at, type: 'permit.armed', machine: 'duncan', detail: { by: 'mac' } }
    expect(traceText({ ...never, events: [armed] })).toMatch(/\n {2}2026-11-23 12:00:00 {2}permit\.armed {7}by=mac$/)
  })
})

describe('the banner', () => {
  const http: Listener = { name: 'HTTP', state: 'listening', where: '127.0.0.1:80' }
  const tftp: Listener = { name: 'TFTP', state: 'off', why: 'no permission for port 69', hint: 'run as root' }
  const commands: Listener = { name: 'commands', state: 'listening', where: '/data/birnam.sock' }
  const place = { site: '/site', data: '/data', example: false }

  test('says what listens, what does not and why, and what to do next', () => {
    using house = openHouse()
    expect(bannerText(place, [http, tftp, commands], house.house.registry.site)).toBe(
      `Birnam serves /site: 2 machines, 2 profiles
data in /data
  HTTP      on   127.0.0.1:80
  TFTP      off  no permission for port 69 (run as root)
  commands  on   /data/birnam.sock

Next, in another terminal: ${birnam} --site /site --data /data explain duncan    (what it would get)
Ready. Stop with Ctrl-C.`,
    )
  })

  test.each([
    ['of the example is short', { site: '/x/first-boot', data: '/x/first-boot.data', example: true }, []],
    [
      'of an own site names it',
      { site: '/etc/birnam', data: '/etc/birnam.data', example: false },
      ['--site', '/etc/birnam'],
    ],
    [
      'of odd names can be pasted all the same',
      { site: "/my site's", data: '/a$b', example: false },
      ['--site', "/my site's", '--data', '/a$b'],
    ],
  ])('its line %s', (_, where, words) => {
    const line = lineFor(where, ['explain', 'duncan'])
    const { stdout } = spawnSync('sh', ['-c', `printf '%s\\n' ${line}`], { encoding: 'utf8' })
    expect(stdout.trimEnd().split('\n')).toEqual([birnam, ...words, 'explain', 'duncan'])
  })

  test('promises nothing when nobody can be served', () => {
    using house = openHouse()
    expect(listensAtAll([tftp, commands])).toBe(false)
    expect(bannerText(place, [tftp, commands], house.house.registry.site)).not.toMatch(/Ready|Next/)
  })

  test('says where to begin in a site without machines, and that the example is only that', () => {
    using house = openHouse({ 'fleet.yaml': '' })
    const text = bannerText({ ...place, example: true }, [http], house.house.registry.site)
    expect(text).toContain('/site (the example; give your own with --site DIR): 0 machines, 0 profiles')
    expect(text).toContain('Next: name a machine under machines:')
    expect(text).toMatch(/^the kernel that the example boots is not here yet: \/.*tools\/example-kernel brings it$/m)
  })
})

test.each([
  [0, 'error', '0 errors'],
  [1, 'machine', '1 machine'],
  [2, 'profile', '2 profiles'],
])('%i %s: %s', (number, noun, text) => {
  expect(count(number, noun)).toBe(text)
})

test('a text from the wire cannot write on the terminal', () => {
  expect(plain('a\u{1b}]0;x\u{7}\r\n\u{9b}1mb\u{2028}é')).toBe(String.raw`a\u001b]0;x\u0007\r\n\u009b1mb\u2028é`)
})

test('a table has columns as wide as their widest cell, and is cut to the terminal', () => {
  expect(
    table([
      ['NAME', 'MAC'],
      ['duncan', '52:54'],
    ]),
  ).toBe('NAME    MAC\nduncan  52:54')
  expect(table([['a', 'b'.repeat(40)]], 30)).toHaveLength(30)
})

test.each([
  ['--site wins', { site: 'here' }, { BIRNAM_SITE: '/env' }, '/cwd/here', '/cwd/here.data'],
  ['then BIRNAM_SITE', {}, { BIRNAM_SITE: '/env' }, '/env', '/env.data'],
  [
    'the data directory is asked for in the same way',
    { data: '/d' },
    { BIRNAM_SITE: '/env', BIRNAM_DATA: '/e' },
    '/env',
    '/d',
  ],
  ['and BIRNAM_DATA', {}, { BIRNAM_SITE: '/env', BIRNAM_DATA: 'e' }, '/env', '/cwd/e'],
])('which site: %s', (_, options, env, site, data) => {
  expect(placeOf(options, env, '/cwd')).toEqual({ site, data, example: false })
})

test('which site: none named is the example, or the one that one stands in', () => {
  using house = openHouse()
  expect(placeOf({}, {}, '/')).toMatchObject({
    site: expect.stringMatching(/examples\/first-boot$/) as unknown,
    example: true,
  })
  expect(placeOf({}, {}, house.directory)).toMatchObject({ site: house.directory, example: false })
})
