import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { once } from 'node:events'
import { afterAll, expect, test } from 'vitest'
import { LeaseBook } from '../../src/dhcp/lease.ts'
import { parseMac } from '../../src/net/mac.ts'
import { SqliteLeases } from '../../src/store/sqlite/leases.ts'
import { Lan, noNamespaces } from '../dhcp/lan.ts'

const skipped = noNamespaces === undefined ? '' : ` (skipped: ${noNamespaces})`
const directory = mkdtempSync(join(tmpdir(), 'birnam-kill-'))
afterAll(() => rmSync(directory, { recursive: true }))

test.skipIf(noNamespaces !== undefined).each(['synced', 'written'] as const)(
  `kill -9 in the middle of a storm, again and again: no acknowledged lease is lost, none is given twice (%s)${skipped}`,
  async (durability) => {
    await using lan = new Lan(['10.75.0.1/16'])
    const database = join(directory, `${durability}.sqlite`)
    const subnets = [{ cidr: '10.75.0.0/16', range: '10.75.1.0-10.75.250.255' }]
    const options = { interfaces: ['wire0'], subnets, database, durability }
    let server = await lan.serve(options)
    const storm = lan.start(lan.clients[0]!, process.execPath, '--disable-warning=ExperimentalWarning', stormScript)
    const acknowledged: string[] = []
    createInterface({ input: storm.stdout! }).on('line', (line) => acknowledged.push(line))
    for (let kill = 0; kill < 6; kill++) {
      const before = acknowledged.length
      while (acknowledged.length < before + 50) await pause(20)
      // Not at a moment that anything here could choose well.
      await pause(Math.random() * 150)
      await server.kill('SIGKILL')
      server = await lan.serve(options)
    }
    const before = acknowledged.length
    while (acknowledged.length < before + 50) await pause(20)
    storm.stdin!.write('\n')
    await once(storm, 'exit')
    await server.kill('SIGKILL')
    const book = new LeaseBook(new SqliteLeases(new DatabaseSync(database)))
    const lost = acknowledged.filter((line) => {
      const [mac = '', address] = line.split(' ')
      return book.leaseOf(parseMac(mac))?.address !== address
    })
    expect(lost).toEqual([])
    expect(new Set(acknowledged.map((line) => line.split(' ')[1])).size).toBe(acknowledged.length)
    expect(book.unreadable).toBe(0)
  },
)

const stormScript = new URL('../dhcp/storm.ts', import.meta.url).pathname

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
