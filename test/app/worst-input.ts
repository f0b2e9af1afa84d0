import { setImmediate as turn } from 'node:timers/promises'
import { pino } from 'pino'
import { CaptureDesk } from '../../src/api/capture-desk.ts'
import { allowUpdate } from '../../src/api/update-allow.ts'
import { openDoors } from '../../src/app/doors.ts'
import { Clerk } from '../../src/dhcp/clerk.ts'
import { Desk } from '../../src/dhcp/desk.ts'
import { LeaseBook } from '../../src/dhcp/lease.ts'
import { Book6 } from '../../src/dhcp6/book.ts'
import { advise } from '../../src/files/advise.ts'
import { MemoryLeases } from '../../src/store/memory/leases.ts'
import { openScene } from '../api/image-scene.ts'
import { settings, subnet } from '../dhcp/site.ts'
import { doorTargets } from '../fuzz/door-targets.ts'
import { mutate, pump, seeded } from '../fuzz/mutate.ts'
import { targets } from '../fuzz/targets.ts'
import { mac } from '../house.ts'
import { ask, throwAt } from './door-client.ts'

/** A server on loopback with one machine, which is this host. */
export interface Served extends AsyncDisposable {
  readonly http: number
  readonly tftp: number
  /** Takes datagrams for its DHCP. */
  readonly clerk: Clerk
  readonly now: number
  /** Of the machine's boot: for its reports. */
  readonly token: string
  /** `u/…`: of its update. */
  readonly update: string
}

export async function openServed(): Promise<Served> {
  await using opening = new AsyncDisposableStack()
  const scene = opening.use(await openScene({ 'birnam.yaml': birnam }))
  const { house } = scene
  house.leases.set(mac, '127.0.0.1')
  const leases = new LeaseBook(new MemoryLeases())
  const open = await openDoors({
    core: house,
    app: scene.app,
    desks: new Map([['c', new CaptureDesk(house.house, scene.golden)]]),
    leases,
    book6: new Book6(),
    log: pino({ level: 'silent' }),
  })
  const doors = opening.adopt(open, (all) => all.close())
  await scene.boot()
  const { sessions } = house.house
  const { url } = await allowUpdate(house.house, 'duncan', { by: 'test' })
  const opened = opening.move()
  return {
    token: sessions.tokenOf(sessions.current(mac)!),
    update: new URL(url).pathname.slice(1),
    clerk: clerkOf(house, leases),
    now: house.now,
    http: doors.httpPort!,
    tftp: Number(/\d+$/.exec(doors.listeners.find(({ name }) => name === 'TFTP')?.where ?? '')?.[0]),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

const birnam = `
address: 127.0.0.1
http: { address: 127.0.0.1, port: 0 }
tftp: { address: 127.0.0.1, port: 0 }
compat: { cobbler: true }
`

function clerkOf({ house, now }: Awaited<ReturnType<typeof openScene>>['house'], leases: LeaseBook): Clerk {
  const network = settings([subnet('10.77.0.0/24', '10.77.0.100-10.77.0.199')])
  const parts = {
    advisor: {
      advise: (client: Parameters<typeof advise>[1], server: Parameters<typeof advise>[2]) =>
        advise(house, client, server),
      isReserved: (address: string) => house.registry.at(address) !== undefined,
      named: { has: () => false, withoutAddress: 0 },
    },
    leases,
    serverAddressFor: () => '10.77.0.1',
  }
  return new Clerk(new Desk(network, parts, now), () => {})
}

const form = 'application/x-www-form-urlencoded'

type Feed = () => Promise<readonly unknown[]>

/** Each door, what feeds it, and one of the answers where not all is refused at once. The bytes are made before; they are sent one after the other. */
export const doors: readonly (readonly [string, (served: Served) => Feed, unknown])[] = [
  ['boot names', ({ http }) => each(worst('names', 8000, 40), (name) => ask(http, 'GET', name)), 404],
  ['reports', posts('secrets', 60_000, 'application/json', ({ token }) => `r/${token}`, logOf), 200],
  ['excludes of a plan', posts('excludes', 80_000, form, ({ update }) => `${update}/plan`, excluding), 200],
  [
    'excludes of what is expected',
    posts('excludes', 80_000, form, ({ update }) => `${update}/expected`, excluding),
    200,
  ],
  ['drift', posts('drift', 1 << 20, 'application/x-birnam-drift', ({ update }) => `${update}/drift`), 200],
  ['XML-RPC', posts('xml-rpc', 8 << 10, 'text/xml', () => 'cobbler_api'), 200],
  ['TFTP', datagrams, 'answered'],
  ['DHCP', ({ clerk, now }) => each(worst('dhcp', 1500, 200), (datagram) => taken(clerk, datagram, now)), 'answered'],
]

function datagrams({ tftp }: Served): Feed {
  const all = [...worst('tftp', 60_000, 40), ...worst('names', 400, 40).map(reading)]
  return async () => {
    await throwAt(tftp, all, reading(Buffer.from('nothing')))
    return ['answered']
  }
}

/** A turn of the loop for each, as they come from a socket. */
async function taken(clerk: Clerk, datagram: Buffer, now: number): Promise<string> {
  const { reply } = clerk.take(datagram, 'eth0', now) ?? {}
  await turn()
  return reply ? 'answered' : 'silent'
}

function logOf(text: Buffer): string {
  return JSON.stringify({ kind: 'log', text: text.toString('latin1') })
}

function excluding(paths: Buffer): string {
  return new URLSearchParams({ exclude: paths.toString('latin1'), from: 'porter:1' }).toString()
}

function reading(name: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 1]), name, Buffer.from('\0octet\0')])
}

function posts(
  target: string,
  size: number,
  type: string,
  pathOf: (served: Served) => string,
  bodyOf: (bytes: Buffer) => Buffer | string = (bytes) => bytes,
): (served: Served) => Feed {
  return (served) => {
    const bodies = worst(target, size, 12).map((bytes) => Buffer.from(bodyOf(bytes)))
    return each(bodies, (bytes) => ask(served.http, 'POST', Buffer.from(pathOf(served)), { type, bytes }))
  }
}

function each(inputs: readonly Buffer[], send: (input: Buffer) => unknown): Feed {
  return async () => {
    const answers: unknown[] = []
    for (const input of inputs) answers.push(await send(input))
    return answers
  }
}

/** What fuzzing sends there, half of it bent and half of it repeated until the door is full. */
function worst(name: string, size: number, count: number): readonly Buffer[] {
  const { seeds } = [...doorTargets(), ...targets()].find((target) => target.name === name)!
  const random = seeded(20_261_128)
  return Array.from({ length: count }, (_, n) => (n % 2 === 0 ? mutate(seeds, random) : pump(seeds, random, size)))
}
