import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fault } from '../../src/fault.ts'
import { importCobbler, type ImportReport } from '../../src/cobbler/import.ts'
import { loadSite } from '../../src/config/read.ts'
import { openOldCobbler, profile, system, type OldCobbler } from './old-cobbler.ts'

const lib = 'var/lib/cobbler'

function take(old: OldCobbler): ImportReport {
  return importCobbler({ base: old.base, etc: join(old.place, 'etc/cobbler'), site: old.site, dryRun: false })
}

const leftOf = ({ left }: ImportReport, file: string): string[] =>
  left.filter((one) => one.file.endsWith(file)).map(({ line, why }) => `${line ?? ''} ${why}`.trim())

/** What is told of one collection file, when all else is as it should be. */
function toldOf(file: string, text: string | Uint8Array | object): string[] {
  using old = openOldCobbler({ [`${lib}/${file}`]: text })
  const report = take(old)
  expect(loadSite(old.site).machines.length).toBeGreaterThan(2)
  return leftOf(report, file)
}

test.each([
  ['broken JSON', '{\n"name": "x",\n"a" 1}', '3 is no JSON'],
  ['JSON that ends early', '{\n"name": "x"', '2 is no JSON'],
  ['an empty file', '', 'is no JSON'],
  ['a list', '[1, 2]', 'is no object of a collection: there is no map in it'],
  ['null', 'null', 'is no object of a collection: there is no map in it'],
  ['an object without a name', '{"profile": "web"}', 'has no name'],
  ['a name that is a list', '{"name": ["x"]}', 'has no name'],
  [
    '10 000 nested lists',
    `{"name": "x", "a": ${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    'is nested deeper than 30 levels',
  ],
])('%s as a system is one sentence, and the others are taken', (_, text, why) => {
  expect(toldOf('collections/systems/odd.json', text)).toEqual([why])
})

test('bytes that are not UTF-8, and a file of MBs, are told with their line or size', () => {
  expect(toldOf('collections/systems/odd.json', Buffer.from([0x7b, 0x0a, 0xff, 0x7d]))).toEqual(['2 is not UTF-8'])
  expect(toldOf('collections/systems/odd.json', ' '.repeat(5 * 1024 ** 2))).toEqual(['is larger than 4 MiB'])
})

test.each([
  ['../../etc/cron.d/x', 'is called etc-cron.d-x here'],
  ['a/b', 'is called a-b here'],
  ['...', 'its name is none that it could have here'],
  ['Ärger', 'is called rger here'],
])('a profile called %s gets a name that a profile can have, or none', (name, why) => {
  expect(toldOf('collections/profiles/odd.json', profile(name, { distro: 'rocky9', autoinstall: 'web.ks' }))).toEqual([
    why,
  ])
})

test('keys that belong to JavaScript are keys like others', () => {
  const text =
    '{"name": "odd", "profile": "web", "__proto__": {"profile": "mail"}, "autoinstall_meta": {"__proto__": "x", "constructor": "y", "constructed": "y"}, "interfaces": {"__proto__": {"mac_address": "52:54:00:77:00:99"}}}'
  using old = openOldCobbler({ [`${lib}/collections/systems/odd.json`]: text })
  take(old)
  const odd = loadSite(old.site).machines.find(({ name }) => name === 'odd')!
  expect([odd.profile, odd.macs, odd.vars]).toEqual([
    'web',
    ['52:54:00:77:00:99'],
    { constructed: 'y', interfaces: {} },
  ])
})

test('a profile that is its own ancestor, a parent and a distro that are not there: each is told once', () => {
  using old = openOldCobbler({
    [`${lib}/collections/profiles/a.json`]: profile('a', { parent: 'b' }),
    [`${lib}/collections/profiles/b.json`]: profile('b', { parent: 'a' }),
    [`${lib}/collections/profiles/c.json`]: profile('c', { parent: 'nobody' }),
    [`${lib}/collections/profiles/d.json`]: profile('d', { distro: 'gone' }),
    [`${lib}/collections/profiles/e.json`]: profile('e', { parent: 'e' }),
    [`${lib}/collections/systems/lost.json`]: system('lost', { profile: 'nowhere' }),
  })
  const report = take(old)
  expect(['a', 'b', 'c', 'd', 'e'].map((name) => leftOf(report, `profiles/${name}.json`))).toEqual([
    ['profile a is its own ancestor'],
    ['profile b is its own ancestor'],
    ['there is no profile nobody, which is its parent'],
    ['there is no distro gone'],
    ['profile e is its own ancestor'],
  ])
  expect(leftOf(report, 'systems/lost.json')).toEqual([
    'there is no profile nowhere',
    'has no interface: nothing tells it from others',
  ])
})

test('an address that two systems have is that of the first; one that is none is told', () => {
  const cards = (mac: string, ip: string): object => ({ interfaces: { eth0: { mac_address: mac, ip_address: ip } } })
  using old = openOldCobbler({
    [`${lib}/collections/systems/x1.json`]: system('x1', cards('52:54:00:77:00:01', '10.77.0.11')),
    [`${lib}/collections/systems/x2.json`]: system('x2', cards('random', '999.1.1.1')),
  })
  const report = take(old)
  expect(leftOf(report, 'systems/x1.json')).toEqual([
    'has no profile: it boots its disk',
    'the MAC address 52:54:00:77:00:01 is that of duncan, in collections/systems/duncan.json',
    'the address 10.77.0.11 is that of duncan, in collections/systems/duncan.json',
  ])
  expect(leftOf(report, 'systems/x2.json').slice(1)).toEqual([
    'a MAC address that is to be made up is none',
    'one of its addresses is none of a host',
  ])
  expect(report.todo.join('\n')).toContain('the MAC address of x1 x2')
})

test('no collection brings a file of this machine into the site that is none of Cobbler’s', () => {
  const distro = (kernel: string): object => ({
    name: 'odd',
    breed: 'redhat',
    os_version: 'rhel9',
    kernel,
    initrd: kernel,
  })
  for (const kernel of ['/etc/shadow', '/var/www/../../etc/shadow', '/root/.ssh/id_rsa', 'etc/passwd']) {
    using old = openOldCobbler({ [`${lib}/collections/distros/odd.json`]: distro(kernel) })
    const report = take(old)
    expect(report.files.filter((file) => file.includes('boot/odd/'))).toEqual([])
    expect(`${leftOf(report, 'distros/odd.json').join()}${report.todo.join()}`).toMatch(/is no path|was not found/)
  }
  using old = openOldCobbler({
    [`${lib}/collections/distros/odd.json`]: distro('/var/www/cobbler/distro_mirror/odd/vmlinuz'),
    'var/www/cobbler/distro_mirror/odd/vmlinuz': 'link:/etc/shadow',
  })
  expect(take(old).files.filter((file) => file.includes('boot/odd/'))).toEqual([])
})

/** A kickstart of one line, and what is told of it. */
function toldOfTemplate(text: string | Uint8Array, snippets: Readonly<Record<string, string>> = {}): string[] {
  const more = Object.fromEntries(Object.entries(snippets).map(([name, body]) => [`${lib}/snippets/${name}`, body]))
  using old = openOldCobbler({ [`${lib}/templates/web.ks`]: text, ...more })
  const report = take(old)
  return report.left
    .filter(({ file, why }) => /^(?:templates|snippets)\/(?!mail)/.test(file) && !/uses these|no system of/.test(why))
    .map(({ file, line, why }) => `${file}:${line ?? ''}: ${why}`)
}

test.each([
  [
    'an absolute name',
    "a\n$SNIPPET('/etc/passwd')\n",
    'templates/web.ks:2: could not be converted: it names a snippet that lies outside of snippets/: /etc/passwd',
  ],
  [
    'a name with ..',
    'a\nSNIPPET::../../../../etc/passwd\n',
    'templates/web.ks:2: could not be converted: it names a snippet that lies outside of snippets/: ../../../../etc/passwd',
  ],
  [
    'a name that is not there',
    "$SNIPPET('nowhere')\n",
    'templates/web.ks:1: could not be converted: there is no snippet nowhere',
  ],
  [
    'a computed name',
    '$SNIPPET($role)\n',
    'templates/web.ks:1: could not be converted: it names a snippet by something computed',
  ],
])('a snippet of %s is a comment, and told', (_, text, told) => {
  expect(toldOfTemplate(text)).toEqual([told])
})

test('a snippet that includes itself, directly or by another one, is told', () => {
  expect(toldOfTemplate("$SNIPPET('a')\n", { a: "x\n$SNIPPET('a')\n" })).toEqual([
    'snippets/a:2: could not be converted: the snippet a includes itself',
  ])
  expect(toldOfTemplate("$SNIPPET('a')\n", { a: '$SNIPPET("b")\n', b: '#set global $x = 1\n$SNIPPET("a")\n' })).toEqual(
    ['snippets/b:2: could not be converted: the snippet a includes itself'],
  )
})

test.each([
  [
    'an #if without an end',
    'a\n#if $role\nb\n',
    ['templates/web.ks:2: could not be converted: it begins an if that has no end'],
  ],
  [
    'an #end without an if',
    'a\n#end if\nb\n',
    ['templates/web.ks:2: could not be converted: it ends an if that was not begun'],
  ],
  [
    'a #def',
    'a\n#def f($x)\n$x\n#end def\n$f(1)\n',
    [
      'templates/web.ks:2: could not be converted: it defines a function',
      'templates/web.ks:5: could not be converted: it calls f(), which is Python',
    ],
  ],
  ['NULs', 'a\nb\0c\n', ['templates/web.ks:2: holds a NUL, so it is no text']],
  ['no UTF-8', Buffer.from([0x61, 0x0a, 0xff]), ['templates/web.ks:2: is not UTF-8']],
  ['several MB', 'text\n'.repeat(1_000_000), ['templates/web.ks:: is larger than 256 KiB']],
])('a template with %s is told with its line', (_, text, told) => {
  expect(toldOfTemplate(text)).toEqual(told)
})

test.each([
  ['open ifs', '#if $role\n'.repeat(20_000)],
  ['ifs in a line', '#if $role#'.repeat(20_000)],
  ['open definitions', '#def f\n'.repeat(30_000)],
  ['open tags of Jinja', `{% if role %}${'{{'.repeat(100_000)}`],
  ['open comments of Jinja', `{% if role %}${'{#'.repeat(100_000)}`],
  ['brackets', `#if ${'('.repeat(3000)}\n`.repeat(80)],
  ['members', '$role($role['.repeat(20_000)],
  ['quotes', `#set $x = ${'"\\'.repeat(100_000)}\n`],
  [
    'variables that depend on each other',
    `#set $x = 'a'\n${Array.from({ length: 500 }, (_, index) => `#if $role == '${index}'\n#set $x = $x + '${index}'\n#end if\n`).join('')}$x\n`,
  ],
  ['braces', '{'.repeat(250_000)],
  ['values', '$role '.repeat(40_000)],
])('256 KiB of %s end in a moment', { timeout: 30_000 }, (_, text) => {
  expect(toldOfTemplate(text).length).toBeLessThan(30_000)
})

test('snippets that double each time they are put in are stopped', { timeout: 30_000 }, () => {
  const chain = Object.fromEntries(
    Array.from({ length: 15 }, (_, index) => [
      `s${index}`,
      `#set global $x = 1\n$SNIPPET('s${index + 1}')\n$SNIPPET('s${index + 1}')\n`,
    ]),
  )
  const told = toldOfTemplate("$SNIPPET('s0')\n", { ...chain, s15: 'end\n' })
  expect(told.some((line) => line.includes('more than 500 snippets are put into one template'))).toBe(true)
})

test('settings that are no YAML, or a bomb of aliases, are told, and all else is taken', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from('bcdefghi', (name, index) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[index]}`).join()}]`).join('\n')}\n`
  for (const text of ['server: [\n', bomb, '['.repeat(10_000)]) {
    using old = openOldCobbler({ 'etc/cobbler/settings.yaml': text })
    const report = take(old)
    expect(leftOf(report, 'settings.yaml')).toHaveLength(1)
    expect(report.machines).toBe(4)
  }
})

test('a directory that is none of Cobbler’s is refused, and nothing is written', () => {
  using old = openOldCobbler()
  mkdirSync(join(old.place, 'else'))
  writeFileSync(join(old.place, 'else/x'), '')
  const refused = (): unknown => importCobbler({ base: join(old.place, 'else'), site: old.site, dryRun: false })
  expect(refused).toThrow(Fault)
  expect(refused).toThrow(/holds no collections/)
  expect(existsSync(old.site)).toBe(false)
})

const fields =
  'name uid parent distro profile image autoinstall autoinstall_meta kernel_options kernel_options_post interfaces hostname kernel initrd breed os_version tree power_pass uuid serial_number netboot_enabled'.split(
    ' ',
  )

test('whatever JSON the collections hold, an import ends, and what it makes is a site', { timeout: 60_000 }, () => {
  const value = fc.oneof(
    { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        'web',
        'mail',
        'rocky9',
        '<<inherit>>',
        '$role',
        '@@server@@',
        '#if $x',
        '{{x}}',
        'redhat',
        '52:54:00:77:00:01',
      ),
    },
    {
      weight: 2,
      arbitrary: fc.dictionary(
        fc.oneof(fc.string(), fc.constantFrom('eth0', '!x', '__proto__', 'tree')),
        fc.oneof(
          fc.jsonValue({ maxDepth: 2 }),
          fc.constant({ mac_address: '52:54:00:77:00:42', ip_address: '10.0.0.9' }),
        ),
      ),
    },
  )
  const object = fc.dictionary(fc.constantFrom(...fields), value)
  fc.assert(
    fc.property(object, object, object, (system1, profile1, distro1) => {
      using old = openOldCobbler({
        [`${lib}/collections/systems/odd.json`]: { name: 'odd', profile: 'oddp', ...system1 },
        [`${lib}/collections/profiles/oddp.json`]: { name: 'oddp', distro: 'oddd', autoinstall: 'web.ks', ...profile1 },
        [`${lib}/collections/distros/oddd.json`]: { name: 'oddd', breed: 'redhat', kernel: '/x', ...distro1 },
      })
      take(old)
      expect(loadSite(old.site).distros.length).toBeGreaterThan(0)
    }),
    { numRuns: 60 },
  )
})
