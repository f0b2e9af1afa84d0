import { parseArgs } from 'node:util'
import { doorTargets, type DoorTarget } from './door-targets.ts'
import { mutate, pump, seeded } from './mutate.ts'
import { targets, type Target } from './targets.ts'

/** An input that takes longer than this ties the server up: a mistake as a throw is one. Milliseconds. */
const patience = 2000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    only: { type: 'string' },
  },
})
const chosen = [...targets(), ...doorTargets()].filter(({ name }) => values.only === undefined || name === values.only)
const until = performance.now() + Number(values.minutes) * 60_000
console.log(`seed ${values.seed}; ${chosen.map(({ name }) => name).join(', ')}; ${values.minutes} minutes`)
process.exitCode = run(chosen, seeded(Number(values.seed)))

/** Feeds mutated real inputs in turn; the first that is not refused as it should be ends the run and is printed whole. */
function run(all: readonly Target[], random: () => number): number {
  const fed = new Map(all.map(({ name }) => [name, 0]))
  while (performance.now() < until) {
    for (const target of all) {
      for (let n = 0; n < 500; n++) {
        const input = inputFor(target, n, random)
        const why = mistakeOf(target, input)
        if (why !== undefined) {
          console.error(`${target.name} failed: ${why}\ninput (hex): ${input.toString('hex')}`)
          return 1
        }
      }
      fed.set(target.name, fed.get(target.name)! + 500)
    }
  }
  for (const [name, count] of fed) console.log(`${name.padEnd(11)} ${count} inputs, none mishandled`)
  return 0
}

/** Now and then as much as the door lets in. */
function inputFor(target: Target | DoorTarget, n: number, random: () => number): Buffer {
  return 'most' in target && n % 100 === 0 ? pump(target.seeds, random, target.most) : mutate(target.seeds, random)
}

function mistakeOf(target: Target, input: Buffer): string | undefined {
  const started = performance.now()
  try {
    target.feed(input)
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  const took = performance.now() - started
  return took > patience ? `took ${Math.round(took)} ms` : undefined
}
