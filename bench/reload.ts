import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCore } from '../src/app/core.ts'
import { SiteHolder } from '../src/config/holder.ts'
import { loadSite } from '../src/config/read.ts'
import { inMemory, openDatabase } from '../src/store/sqlite/database.ts'

/** An edit in a fleet of 100 000: how long the reading takes, and how long nobody else is served meanwhile. */
const machines = 100_000
const rounds = 5

const directory = mkdtempSync(join(tmpdir(), 'birnam-bench-'))
try {
  writeFileSync(join(directory, 'birnam.yaml'), 'address: 10.200.0.1\n')
  writeFileSync(join(directory, 'fleet.yaml'), fleet())
  const [start] = timed(() => loadSite(directory))
  console.log(`at the start, at once: ${start.toFixed(0)} ms`)
  const holder = new SiteHolder(directory)
  const addresses = { leaseOf: () => undefined, holderOf: () => undefined }
  const core = openCore({ database: openDatabase(inMemory), site: holder.current, addresses, httpPort: () => 80 })
  holder.onChange((site) => core.replace(site))
  for (let round = 0; round < rounds; round++) {
    appendFileSync(join(directory, 'fleet.yaml'), `# ${round}\n`)
    const { took, turns, longest } = await watched(() => holder.reload())
    console.log(`an edit: ${took.toFixed(0)} ms in ${turns} turns, the longest of them ${longest.toFixed(1)} ms`)
  }
} finally {
  rmSync(directory, { recursive: true })
}

function timed<T>(work: () => T): [milliseconds: number, value: T] {
  const started = performance.now()
  const value = work()
  return [performance.now() - started, value]
}

/** Turns of the event loop while the work runs, and the longest. */
async function watched(work: () => Promise<unknown>): Promise<{ took: number; turns: number; longest: number }> {
  const started = performance.now()
  let [turns, longest, last, over] = [0, 0, started, false]
  const turn = (): void => {
    const now = performance.now()
    turns++
    longest = Math.max(longest, now - last)
    last = now
    if (!over) setImmediate(turn)
  }
  setImmediate(turn)
  await work()
  over = true
  turn()
  return { took: performance.now() - started, turns, longest }
}

function fleet(): string {
  const lines = Array.from({ length: machines }, (_, at) => {
    const six = (at + 1).toString(16).padStart(6, '0').match(/../g)!.join(':')
    const ip = `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`
    return `  - name: m${at}\n    mac: 52:54:00:${six}\n    ip: ${ip}\n    profile: probe\n    vars: { role: king }\n`
  })
  return `machines:\n${lines.join('')}profiles:\n  - { name: probe, kind: live, kernel: boot/vmlinuz }\n`
}
