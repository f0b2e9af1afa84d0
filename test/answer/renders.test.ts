import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { externalChecks } from '../../src/answer/external.ts'
import { familyOf } from '../../src/answer/families.ts'
import { fewVars, fullVars, installs, renderFor, scriptsIn, type Install } from './shipped.ts'

const machines = { 'a full machine': fullVars, 'a machine with one user': fewVars } as const
const cases = installs.flatMap((install) => Object.entries(machines).map(([who, vars]) => ({ ...install, who, vars })))
const external = await externalChecks()

test.each(cases)('$family $version for $who passes our own check', ({ vars, ...install }) => {
  const family = familyOf(install)
  const made = family.make?.(renderFor(install, vars), undefined) ?? { text: renderFor(install, vars) }
  expect(made).toHaveProperty('text')
  if ('text' in made) expect(family.check(made.text, install.version)).toEqual([])
})

for (const [family, name, command, version] of [
  ['redhat', 'kickstart', 'ksvalidator'],
  ['debian', 'preseed', 'debconf-set-selections'],
  ['ubuntu', 'autoinstall', 'cloud-init'],
  ['cloud', 'cloud-init', 'cloud-init'],
  ['suse', 'autoyast', 'xmllint', '15.6'],
  ['suse', 'agama', 'jsonnet', '16.0'],
  ['windows', 'windows', 'xmllint', undefined],
] as const) {
  const absent = !external.names.includes(command)
  test.skipIf(absent).each(cases.filter((one) => one.family === family && (version ?? one.version) === one.version))(
    `$family $version for $who passes ${command}${absent ? ` (skipped: ${command} is not installed)` : ''}`,
    async ({ vars, ...install }) => {
      expect(await external.validate(name, renderFor(install, vars), install.version)).toEqual([])
    },
  )
}

const noDebconf = !external.names.includes('debconf-set-selections')
test.skipIf(noDebconf)(
  `many answers may be validated at once${noDebconf ? ' (skipped: debconf-set-selections is not installed)' : ''}`,
  async () => {
    const text = renderFor(installs[4], fullVars)
    const said = await Promise.all(Array.from({ length: 6 }, () => external.validate('preseed', text, '12')))
    expect(said.flat()).toEqual([])
    expect(await external.validate('preseed', 'd-i partman/confirm\n', '12')).toHaveLength(1)
  },
)

test.each(cases.filter(({ family }) => family !== 'windows'))(
  'every script of $family $version for $who is shell',
  ({ vars, ...install }) => {
    const scripts = scriptsOf(renderFor(install, vars), install)
    expect(scripts.length).toBeGreaterThan(0)
    for (const script of scripts) {
      const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' })
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    }
  },
)

test('EL 8 names time servers with the time zone, later versions on lines of their own', () => {
  expect(renderFor(installs[0], fullVars)).toContain('--utc --ntpservers=time1.example.org,time2.example.org\n')
  for (const later of installs.slice(1, 4)) {
    const text = renderFor(later, fullVars)
    expect(text).toContain('\ntimesource --ntp-server=time1.example.org\ntimesource --ntp-server=time2.example.org\n')
    expect(text).not.toContain('--ntpservers')
  }
})

test('the last script of a kickstart says done, and no other does', () => {
  const scripts = scriptsOf(renderFor(installs[1], fullVars), installs[1])
  expect(scripts.map((script) => /^birnam_report done$/m.test(script))).toEqual([
    ...scripts.slice(1).map(() => false),
    true,
  ])
})

test('root is locked unless a hash is given', () => {
  expect(renderFor(installs[1], fewVars)).toContain('\nrootpw --lock\n')
  expect(renderFor(installs[4], fewVars)).toContain('\nd-i passwd/root-password-crypted password *\n')
  expect(renderFor(installs[1], fullVars)).toContain('\nrootpw --iscrypted $6$')
  expect(renderFor(installs[4], fullVars)).toContain('\nd-i passwd/root-password-crypted password $6$')
})

test.each(installs)('$family $version without anybody who could log in is refused', (install) => {
  const needed = { esxi: 'vars.root_password_hash', windows: 'vars.administrator_password' } as const
  const name = install.family === 'esxi' || install.family === 'windows' ? needed[install.family] : 'vars.users'
  expect(() => renderFor(install, {})).toThrow(`${name} has no value, for duncan`)
})

function scriptsOf(text: string, { family }: Install): readonly string[] {
  if (family === 'esxi') return text.split(/^%(?:pre|post|firstboot)\b.*$/m).slice(1)
  if (family !== 'redhat') return scriptsIn(text)
  return [...text.matchAll(/^%(?:pre|pre-install|post|onerror|traceback)\b.*\n([\s\S]*?)^%end$/gm)].map(
    ([, script]) => script!,
  )
}
