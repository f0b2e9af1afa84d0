import { expect, test } from 'vitest'
import { doorTargets, type DoorTarget } from './door-targets.ts'
import { pump, seeded } from './mutate.ts'

/** The shortest of a few: whatever else the machine does only adds to it. */
function timeOf(target: DoorTarget, input: Buffer, times: number): number {
  const took = Array.from({ length: times }, () => {
    const began = performance.now()
    target.feed(input)
    return performance.now() - began
  })
  return Math.min(...took)
}

/** Below that, in milliseconds, the clock and whatever else runs weigh more than the work. */
const least = 5

/** Eight times the text: 8 where it is linear, 64 where it is not. Measured again when it looks bad. */
function growth(target: DoorTarget, whole: Buffer): number {
  const part = whole.subarray(0, whole.length / 8)
  let ratio = Infinity
  for (let times = 1; times < 30 && ratio >= 32; times *= 3)
    ratio = timeOf(target, whole, times) / Math.max(least, timeOf(target, part, times))
  return ratio
}

test.each(doorTargets().map((target) => [target.name, target] as const))(
  '%s: a piece of a real input, repeated until the door is full, takes time in proportion to its length',
  (_, target) => {
    const random = seeded(20_261_128)
    for (let n = 0; n < 60; n++) {
      const whole = pump(target.seeds, random, target.most)
      expect(growth(target, whole), JSON.stringify(whole.toString('latin1', 0, 200))).toBeLessThan(32)
    }
  },
)
