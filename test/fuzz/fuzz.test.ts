import { expect, test } from 'vitest'
import { doorTargets } from './door-targets.ts'
import { mutate, seeded } from './mutate.ts'
import { targets } from './targets.ts'

test.each([...targets(), ...doorTargets()].map((target) => [target.name, target] as const))(
  '%s: real inputs, and 2000 bent ones, are read or refused',
  (_, target) => {
    for (const seed of target.seeds) target.feed(Buffer.from(seed))
    const random = seeded(20_261_123)
    for (let n = 0; n < 2000; n++) {
      const input = mutate(target.seeds, random)
      expect(() => target.feed(input), input.toString('hex')).not.toThrow()
    }
  },
)

test('the same seed bends the same way', () => {
  const bend = (): string[] => {
    const random = seeded(7)
    return Array.from({ length: 50 }, () => mutate([Buffer.from('birnam')], random).toString('hex'))
  }
  expect(bend()).toEqual(bend())
})
