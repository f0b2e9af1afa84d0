import { expect, test } from 'vitest'
import { complaintOf } from '../template/made.ts'
import { contextFor, fewFor, fewVars, fullVars, installs, shipped, type Install } from './shipped.ts'

const words: readonly unknown[] = ['no', 'yes', 'off', 'on', 'false', 'true', '', 0, 1, [], {}]

/** Each switch of the shipped answers, and the vars in which it holds a value. */
const switches: Readonly<Record<string, (value: unknown) => Readonly<Record<string, unknown>>>> = {
  'vars.static': (value) => ({ static: value }),
  'vars.ssh_passwords': (value) => ({ ssh_passwords: value }),
  'vars.unsigned_mirror': (value) => ({ unsigned_mirror: value }),
  'vars.users[].sudo': (value) => ({ users: [{ name: 'macbeth', sudo: value }] }),
}

/** Lists that the shipped answers read item by item. */
const lists: Readonly<Record<string, (value: unknown) => Readonly<Record<string, unknown>>>> = {
  'vars.packages': (value) => ({ packages: value }),
  'vars.root_ssh_keys': (value) => ({ root_ssh_keys: value }),
  'vars.repos': (value) => ({ repos: value }),
  'vars.users': (value) => ({ users: value }),
  'vars.users[].ssh_keys': (value) => ({ users: [{ name: 'macbeth', ssh_keys: value }] }),
}

const readers = (names: readonly string[]) =>
  installs.flatMap((install) =>
    names
      .filter((name) => shipped.variablesOf(install.template).some((variable) => variable.name === name))
      .map((name) => ({ ...install, name })),
  )

const cases = readers(Object.keys(switches))

test('there is a switch in the answers of every family', () => {
  expect(new Set(cases.map(({ family }) => family))).toEqual(new Set(installs.map(({ family }) => family)))
})

const rendered = (install: Install, change: object) =>
  complaintOf(() =>
    shipped.render(
      install.template,
      contextFor(install, { ...fewVars, ...fewFor[install.family], ...change }),
      'duncan',
    ),
  )

test.each(cases)('$template $version: $name takes true and false alone', ({ name, ...install }) => {
  const key = name.split('.').at(-1)!
  for (const value of words)
    expect(rendered(install, switches[name]!(value)), JSON.stringify(value)).toMatch(
      new RegExp(`^template-invalid kickstart/\\S+:\\d+: \\S+\\.${key} must be true or false, not `),
    )
  for (const value of [true, false, null, undefined])
    expect(rendered(install, switches[name]!(value)), String(value)).toMatch(/^no complaint/)
})

test.each(readers(Object.keys(lists)))('$template $version: $name is a list and no text', ({ name, ...install }) => {
  expect(rendered(install, lists[name]!('vim tmux'))).toMatch(
    /^template-invalid kickstart\/\S+:\d+: (?:vars|user)\.\w+ must be a list, not a text, for duncan$/,
  )
})

test('every variable of the shipped answers that is true or false is in this list', () => {
  const all = Object.entries(fullVars).filter(([, value]) => typeof value === 'boolean')
  expect(all.map(([name]) => `vars.${name}`).filter((name) => switches[name] === undefined)).toEqual([])
})
