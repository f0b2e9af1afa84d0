import { expect, test } from 'vitest'
import { grouped } from '../../src/api/check-groups.ts'

const of = (n: number) => ({
  severity: 'error' as const,
  machine: `thane${n}`,
  file: 'fleet.yaml',
  line: n,
  message: `machines[${n}].mac: vars.x has no value, for thane${n}`,
})

test('findings that differ in their machine and line alone are one, with the number of the others', () => {
  const other = { severity: 'warning' as const, message: 'another' }
  expect(grouped([of(1), other, of(2), of(3), { ...of(4), severity: 'warning' }])).toEqual([
    { ...of(1), more: 2 },
    { ...other, more: 0 },
    { ...of(4), severity: 'warning', more: 0 },
  ])
})

test('two lines of one template are two findings, and two values of one key are two', () => {
  const template = (line: number) => ({ ...of(1), file: 'answers/a.hbs', line })
  expect(grouped([template(1), template(2)])).toHaveLength(2)
  expect(grouped([of(1), { ...of(2), message: 'machines[2].mac: something else' }])).toHaveLength(2)
})
