import { afterAll, expect, test } from 'vitest'
import { faults, type Fault } from './faults.ts'
import { Rig, type Firmware } from './rig.ts'

/** One for where it stopped or what it is about, one for why; of two firmwares the worse counts. */
const points = new Map<string, { readonly where: number; readonly why: number; readonly said: string }>()

async function try_(
  { play, site, where, why }: Fault,
  firmware: Firmware,
): Promise<readonly [boolean, boolean, string]> {
  using rig = new Rig(site)
  const said = rig.read(await play(rig, firmware))
  return [
    where.test(said),
    why.test(said),
    said
      .split('\n')
      .filter((line) => line.trim() !== '')
      .join(' '),
  ]
}

test.each(faults.map((fault) => [fault.name, fault] as const))('%s', async (name, fault) => {
  const tries = await Promise.all(fault.firmware.map((firmware) => try_(fault, firmware)))
  const where = Number(tries.every(([right]) => right))
  const why = Number(tries.every(([, right]) => right))
  const said = (tries.find(([right, true_]) => !right || !true_) ?? tries[0]!)[2]
  points.set(name, { where, why, said })
  expect(said).toMatch(fault.why)
  expect([where, why]).toEqual([1, 1])
})

test('at least 66 of 68 points', () => {
  expect(faults).toHaveLength(34)
  const score = [...points.values()].reduce((sum, { where, why }) => sum + where + why, 0)
  expect(score).toBeGreaterThanOrEqual(66)
})

afterAll(() => {
  const rows = [...points].map(([name, { where, why, said }]) => `  ${where + why}  ${name.padEnd(70)} ${said}`)
  const score = [...points.values()].reduce((sum, { where, why }) => sum + where + why, 0)
  console.log(['The drill: points, fault, what is said', ...rows, `  ${score} of ${2 * faults.length}`].join('\n'))
})
