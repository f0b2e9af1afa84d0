import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { explain } from '../src/api/explain.ts'
import { openCore, type Core } from '../src/app/core.ts'
import type { Site } from '../src/config/site.ts'
import { formatIpv4 } from '../src/net/ipv4.ts'
import { parseMac } from '../src/net/mac.ts'
import { inMemory, openDatabase } from '../src/store/sqlite/database.ts'
import { aMachine, aProfile, aSite } from '../test/site.ts'

/** Menus, answers and forecasts a second, with 10 machines and with 100 000: the work of one machine does not grow with the fleet. */
const small = 10
const large = 100_000
const rounds = 5
const calls = 3000

type Work = (core: Core, index: number) => unknown

const works: Readonly<Record<string, Work>> = {
  menu: ({ shelf }, index) => shelf.find(`pxelinux.cfg/01-${macOf(index).replaceAll(':', '-')}`, asking(index)),
  answer: ({ shelf }, index) => shelf.find(`a/${macOf(index).replaceAll(':', '-')}`, asking(index)),
  explain: ({ house, shelf }, index) => explain(house, shelf, () => [], house.registry.named(`m${index}`)!, 'bios'),
}

const directory = mkdtempSync(join(tmpdir(), 'birnam-bench-'))
try {
  writeSite(directory)
  const cores = new Map([small, large].map((machines) => [machines, coreOf(siteOf(machines))]))
  for (const [what, work] of Object.entries(works)) {
    const rates = new Map<number, number[]>([...cores.keys()].map((machines) => [machines, []]))
    for (let round = 0; round < rounds; round++) {
      for (const [machines, core] of cores) rates.get(machines)!.push(await rate(core, machines, work))
    }
    const [few, many] = [median(rates.get(small)!), median(rates.get(large)!)]
    console.log(
      `${what.padEnd(10)} ${Math.round(few)}/s with ${small}, ${Math.round(many)}/s with ${large}: ratio ${(many / few).toFixed(2)}`,
    )
  }
} finally {
  rmSync(directory, { recursive: true })
}

async function rate(core: Core, machines: number, work: Work): Promise<number> {
  const started = performance.now()
  for (let call = 0; call < calls; call++) await work(core, (call * 7919) % machines)
  return calls / ((performance.now() - started) / 1000)
}

function asking(index: number): Parameters<Core['shelf']['find']>[1] {
  return { carrier: 'http', peer: { address: addressOf(index), port: 1 }, headers: {} }
}

function coreOf(site: Site): Core {
  const addresses = { leaseOf: () => undefined, holderOf: () => undefined }
  return openCore({ database: openDatabase(inMemory), site, addresses, httpPort: () => 80 })
}

function siteOf(machines: number): Site {
  const profile = aProfile('probe', 'live', { args: 'probe={{answer.url}}', answer: 'answers/a.hbs' })
  const fleet = Array.from({ length: machines }, (_, index) =>
    aMachine(`m${index}`, {
      macs: [macOf(index)],
      ip: addressOf(index),
      profile: 'probe',
      vars: { role: `r${index}` },
    }),
  )
  return aSite({ directory, machines: fleet, profiles: [profile] })
}

function writeSite(place: string): void {
  mkdirSync(join(place, 'boot'))
  mkdirSync(join(place, 'answers'))
  for (const name of ['boot/vmlinuz', 'boot/initrd.gz']) writeFileSync(join(place, name), 'x')
  writeFileSync(join(place, 'answers/a.hbs'), 'I am {{machine.name}} the {{vars.role}}\n'.repeat(100))
}

function macOf(index: number): ReturnType<typeof parseMac> {
  return parseMac(`02${index.toString(16).padStart(10, '0')}`)
}

function addressOf(index: number): string {
  return formatIpv4(0x0a000000 + index + 2)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
