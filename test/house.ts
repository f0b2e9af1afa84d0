import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openCore, type Core } from '../src/app/core.ts'
import { loadSite } from '../src/config/read.ts'
import { isWiping } from '../src/config/site.ts'
import type { Golden } from '../src/files/house.ts'
import type { Asked } from '../src/files/asked.ts'
import { TokenBook } from '../src/image/tokens.ts'
import type { Event } from '../src/journal/journal.ts'
import type { Finding } from '../src/net/content.ts'
import { parseMac, type Mac } from '../src/net/mac.ts'
import { inMemory, openDatabase } from '../src/store/sqlite/database.ts'

export const mac: Mac = parseMac('52:54:00:77:00:01')
export const own = '10.77.0.11'

/** A whole house on a site directory of its own, with a clock that the test moves and leases that the test names. */
export interface TestHouse extends Disposable, Core {
  house: Core['house']
  shelf: Core['shelf']
  now: number
  readonly leases: Map<Mac, string>
  readonly leases6: Map<Mac, string>
  /** Which card the kernel sees at which address. */
  readonly seen: Map<string, Mac>
  readonly directory: string
  /** Of the registry. */
  readonly tokens: TokenBook
  /** Asks as the machine itself does, unless told otherwise. */
  ask(name: string, asked?: Partial<Asked> & { readonly from?: string }): Finding
  text(name: string, asked?: Partial<Asked> & { readonly from?: string }): string
  /** Every event as it was recorded, whosever it is. */
  readonly logged: readonly Event[]
  /** Another server on the same database: what was only in memory is gone, leases of IPv6 too. */
  restart(): void
  events(): { readonly type: string; readonly detail?: Readonly<Record<string, unknown>> }[]
}

export const files: Readonly<Record<string, string>> = {
  'birnam.yaml': 'address: 10.77.0.1\n',
  'fleet.yaml': `
machines:
  - { name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: web, vars: { hash: $6$salt$secret } }
  - { name: macduff, mac: "52:54:00:77:00:02", ip: 10.77.0.12, profile: probe, serial: SN-7 }
profiles:
  - { name: web, kind: install, kernel: boot/vmlinuz, initrd: [boot/initrd.gz], args: "url={{answer.url}}", answer: answers/web.hbs }
  - { name: probe, kind: live, kernel: boot/vmlinuz, initrd: [boot/initrd.gz], args: "probe={{answer.url}}", answer: answers/probe.hbs }
`,
  'answers/web.hbs': 'rootpw --iscrypted {{vars.hash}} {{machine.name}} {{report.url}}{{!-- done --}}\n',
  'answers/probe.hbs': 'I am {{machine.name}}\n',
  'boot/vmlinuz': 'kernel',
  'boot/initrd.gz': 'initrd',
  'files/hello.txt': 'hello',
}

/** Lets a machine be installed with that profile, as the site says it now. */
export function arm({ house }: Pick<Core, 'house'>, machine = 'duncan', target = 'web', at = house.now()): void {
  const profile = house.registry.profile(target)
  if (!isWiping(profile)) throw new Error(`${target} installs nothing`)
  const wish = { machine, target, kind: profile.kind, content: house.contents.of(profile), by: 'test' }
  house.permits.arm(wish, { lifetime: 3_600_000, install: 3_600_000 }, at, 'p1')
}

export function openHouse(
  change: Readonly<Record<string, string>> = {},
  golden?: Golden,
  httpPort: () => number = () => 80,
): TestHouse {
  using opening = new DisposableStack()
  const directory = opening.adopt(mkdtempSync(join(tmpdir(), 'birnam-house-')), (path) =>
    rmSync(path, { recursive: true }),
  )
  for (const [name, text] of Object.entries({ ...files, ...change })) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  const database = opening.adopt(openDatabase(inMemory), (open) => open.close())
  const leases = new Map<Mac, string>([[mac, own]])
  const logged: Event[] = []
  const leases6 = new Map<Mac, string>()
  const seen = new Map<string, Mac>()
  const tokens = new TokenBook(join(directory, 'tokens'))
  const start = (): Core =>
    openCore({
      journal: { onEvent: (event) => void logged.push(event) },
      database,
      site: loadSite(directory),
      addresses: {
        leaseOf: (holder) => (leases.has(holder) ? { address: leases.get(holder)! } : undefined),
        seenAt: (address) => seen.get(address),
        holderOf: (address) => [...leases, ...leases6].find(([, leased]) => leased === address)?.[0],
        lease6Of: (holder) => leases6.get(holder),
      },
      ...(golden && { golden }),
      tokens,
      httpPort,
      now: () => house.now,
    })
  const core = start()
  const asked = (given: Partial<Asked> & { readonly from?: string } = {}): Asked => {
    const { from = own, ...rest } = given
    return { carrier: 'http', peer: { address: from, port: 40_000 }, headers: {}, ...rest }
  }
  const house: TestHouse = {
    ...core,
    now: 1_700_000_000_000,
    leases,
    logged,
    leases6,
    seen,
    directory,
    tokens,
    ask: (name, how) => house.shelf.find(name, asked(how)),
    text(name, how) {
      const finding = house.ask(name, how)
      return finding?.kind === 'bytes' ? finding.bytes.toString() : `no text: ${JSON.stringify(finding)}`
    },
    events: () =>
      ['duncan', 'macduff']
        .flatMap((name) => house.house.journal.ofMachine(name, 100))
        .map(({ type, detail }) => ({ type, ...(detail && { detail }) })),
    restart() {
      house.house.journal.flush()
      leases6.clear()
      Object.assign(house, start())
    },
    [Symbol.dispose]() {
      house.house.journal.flush()
      held.dispose()
    },
  }
  const held = opening.move()
  return house
}
