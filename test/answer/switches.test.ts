import { expect, test } from 'vitest'
import { complaintOf } from '../template/made.ts'
import { contextFor, fewFor, fewVars, fullVars, installs, shipped } from './shipped.ts'

const words: readonly unknown[] = ['no', 'yes', 'off', 'on', 'false', 'true', '', 0, 1, [], {}]

/** Each switch of the shipped answers, and the vars in which it holds a value. */
const switches: Readonly<Record<string, (value: unknown) => Readonly<Record<string, unknown>>>> = {
  'vars.static': (value) => ({ static: value }),
  'vars.ssh_passwords': (value) => ({ ssh_passwords: value }),
  'vars.unsigned_mirror': (value) => ({ unsigned_mirror: value }),
  'vars.users[].sudo': (value) => ({ users: [{ name: 'macbeth', sudo: value }] }),
}

const cases = installs.flatMap((install) =>
  Object.keys(switches)
    .filter((name) => shipped.variablesOf(install.template).some((variable) => variable.name === name))
    .map((name) => ({ ...install, name })),
)

test('there is a switch in the answers of every family', () => {
  expect(new Set(cases.map(({ family }) => family))).toEqual(new Set(installs.map(({ family }) => family)))
})

test.each(cases)('$template $version: $name takes true and false alone', (install) => {
  const rendered = (change: object) =>
    complaintOf(() =>
      shipped.render(
        install.template,
        contextFor(install, { ...fewVars, ...fewFor[install.family], ...change }),
        'duncan',
      ),
    )
  const key = install.name.split('.').at(-1)!
  for (const value of words) {
    const said = rendered(switches[install.name]!(value))
    expect(said, JSON.stringify(value)).toMatch(
      new RegExp(`^template-invalid kickstart/\\S+:\\d+: \\S+\\.${key} must be true or false, not `),
    )
  }
  for (const value of [true, false, null, undefined])
    expect(rendered(switches[install.name]!(value)), String(value)).toMatch(/^no complaint/)
})

test('every variable of the shipped answers that is true or false is in this list', () => {
  const all = Object.entries(fullVars).filter(([, value]) => typeof value === 'boolean')
  expect(all.map(([name]) => `vars.${name}`).filter((name) => switches[name] === undefined)).toEqual([])
})
