import { DatabaseSync } from 'node:sqlite'
import type { Advice } from '../../src/dhcp/advice.ts'
import { LeaseBook } from '../../src/dhcp/lease.ts'
import { openDhcp } from '../../src/dhcp/server.ts'
import { addressOn } from '../../src/net/interfaces.ts'
import { openAnswering } from '../../src/net/neighbours.ts'
import { chooseUdp } from '../../src/net/udp-choose.ts'
import { createLeaseTables, SqliteLeases } from '../../src/store/sqlite/leases.ts'
import { Fleet, settings, subnet } from './site.ts'

/** What a server process is told, as JSON in its only argument. */
export interface ServeOptions {
  /** `server` when not given. */
  readonly mode?: 'server' | 'proxy'
  readonly interfaces: readonly string[]
  readonly subnets: readonly {
    readonly cidr: string
    readonly range: string
    readonly lease?: number
    readonly router?: string
  }[]
  readonly machines?: Readonly<Record<string, Advice>>
  readonly strangers?: Advice
  /** The lease file. */
  readonly database: string
  /** `written` survives kill -9, `synced` a power cut. */
  readonly durability?: 'written' | 'synced'
  /** Prints an event a line. */
  readonly tell?: boolean
}

/** A DHCP server in a process of its own: it says `ready` when it listens, and ends by SIGTERM or SIGKILL. */
async function serve(options: ServeOptions): Promise<void> {
  const {
    mode = 'server',
    interfaces,
    subnets,
    machines,
    strangers,
    database: file,
    durability = 'synced',
    tell = false,
  } = options
  const database = new DatabaseSync(file)
  database.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=${durability === 'synced' ? 'FULL' : 'NORMAL'}`)
  createLeaseTables(database)
  const server = await openDhcp({
    udp: await chooseUdp(),
    settings: {
      ...settings(
        subnets.map(({ cidr, range, ...more }) => subnet(cidr, range, more)),
        interfaces,
      ),
      mode,
    },
    advisor: new Fleet(machines, strangers),
    leases: new LeaseBook(new SqliteLeases(database)),
    serverAddressFor: addressOn,
    answering: await openAnswering(),
    clock: Date,
    onEvent: (event) => {
      if (tell) console.log(JSON.stringify(event))
    },
  })
  console.log('ready')
  process.once('SIGTERM', () => {
    void server.close().then(() => {
      console.log(JSON.stringify({ counters: server.counters }))
      database.close()
      process.exit(0)
    })
  })
}

await serve(JSON.parse(process.argv[2]!) as ServeOptions)
