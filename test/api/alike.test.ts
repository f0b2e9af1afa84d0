import { expect, test } from 'vitest'
import { changesOf, groupsOf, summary, type Change } from '../../src/api/alike.ts'
import type { Part, Rendered } from '../../src/api/rendered.ts'
import { parseMac } from '../../src/net/mac.ts'
import { aMachine } from '../site.ts'

function rendered(texts: Partial<Record<Part, string>>, uefi: Partial<Record<Part, string>> = texts): Rendered {
  const names = [...new Set([...Object.keys(texts), ...Object.keys(uefi)])] as Part[]
  const lines = (text: string | undefined): string[] => text?.split('\n') ?? []
  return new Map(
    names.map((part) => [
      part,
      new Map([
        ['bios', lines(texts[part])],
        ['uefi', lines(uefi[part])],
      ]),
    ]),
  )
}

function machine(n: number): ReturnType<typeof aMachine> {
  return aMachine(`web${n}`, { ip: `10.77.0.${n}`, macs: [parseMac(`52:54:00:77:00:${String(n).padStart(2, '0')}`)] })
}

test('only lines that differ are told, once for both firmwares', () => {
  const before = rendered({ answer: 'a\nb\nc', menu: 'same' })
  const after = rendered({ answer: 'a\nB\nc', menu: 'same' })
  expect(changesOf(before, after)).toEqual([
    { part: 'answer', firmware: ['bios', 'uefi'], removed: ['b'], added: ['B'] },
  ])
})

test('firmwares that change in other ways are told apart', () => {
  const changes = changesOf(rendered({ menu: 'a' }), rendered({ menu: 'b' }, { menu: 'c' }))
  expect(changes.map(({ firmware, added }) => [firmware, added])).toEqual([
    [['bios'], ['b']],
    [['uefi'], ['c']],
  ])
})

test('a part that comes and one that goes', () => {
  expect(changesOf(rendered({ menu: 'a' }), rendered({ menu: '', answer: 'b' }, {}))).toMatchObject([
    { part: 'menu', firmware: ['bios'] },
    { part: 'menu', firmware: ['uefi'], removed: ['a'], added: [] },
    { part: 'answer', firmware: ['bios'], removed: [], added: ['b'] },
  ])
})

test('machines change alike though each has its own name and addresses; one that is another is a group of its own', () => {
  const change = (n: number, repo: string): Change[] => [
    {
      part: 'kernel line',
      firmware: ['bios'],
      removed: [`ip=10.77.0.${n}::web${n}`, `BOOTIF=01-52-54-00-77-00-0${n}`],
      added: [`inst.repo=${repo}`, `host=web${n}.example`],
    },
  ]
  const changed = [1, 2, 3, 4].map((n) => {
    const one = machine(n)
    return { before: one, after: one, changes: change(n, n === 4 ? 'http://b' : 'http://a') }
  })
  const names = groupsOf(changed).map((group) => group.map(({ after }) => after.name))
  expect(names).toEqual([['web1', 'web2', 'web3'], ['web4']])
})

test('a name that is part of a longer word is not the machine', () => {
  const changed = [1, 11].map((n) => {
    const one = machine(n)
    return {
      before: one,
      after: one,
      changes: [{ part: 'menu' as const, firmware: [], removed: [], added: ['web11'] }],
    }
  })
  expect(groupsOf(changed)).toHaveLength(2)
})

test.each<[string, Partial<Change>, string]>([
  [
    'words of the kernel line',
    { part: 'kernel line', removed: ['inst.repo=http://a'], added: ['inst.repo=http://b', 'quiet'] },
    'kernel line: inst.repo, quiet',
  ],
  ['a plan', { part: 'plan', removed: ['install'], added: ['local'] }, 'plan: install → local'],
  [
    'first words of lines',
    { part: 'answer', removed: ['  - name: x', '#!'], added: ['url --url=x', '"key": 1'] },
    'answer: name, url, key',
  ],
  ['many', { part: 'answer', removed: [], added: ['a', 'b', 'c', 'd', 'e'] }, 'answer: a, b, c, d, …'],
  ['nothing that could be named', { part: 'menu', removed: [''], added: ['###'] }, 'menu'],
])('a group is called by %s', (_title, change, expected) => {
  expect(summary([{ part: 'menu', firmware: ['bios'], removed: [], added: [], ...change }])).toBe(expected)
})
