import { expect, test } from 'vitest'
import { layOut } from '../../src/tftp/layout.ts'
import { Memory } from '../../src/tftp/memory.ts'

/** As much as it takes to be 1000 bytes with its header. */
const layout = layOut(Buffer.alloc(996), 1024)

test('what was asked for longest ago goes first, and is then held by nobody', () => {
  const memory = new Memory(3000)
  const cells = ['duncan', 'malcolm', 'banquo'].map((key) => memory.put(key, layout))
  memory.get('duncan')
  memory.put('macduff', layout)
  expect(['duncan', 'malcolm', 'banquo', 'macduff'].filter((key) => memory.get(key))).toEqual([
    'duncan',
    'banquo',
    'macduff',
  ])
  expect(cells.map((cell) => cell.layout !== undefined)).toEqual([true, false, true])
  expect(memory.bytes).toBe(3000)
})

test('the newest stays, also when it is larger than all the memory', () => {
  const memory = new Memory(10)
  memory.put('old', layout)
  const cell = memory.put('new', layout)
  expect([cell.layout, memory.get('old'), memory.bytes]).toEqual([layout, undefined, 1000])
})

test('the same key again counts once', () => {
  const memory = new Memory(3000)
  for (let n = 0; n < 10; n++) memory.put('duncan', layout)
  expect(memory.bytes).toBe(1000)
})
