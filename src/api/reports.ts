import { z } from 'zod'
import { Fault } from '../fault.ts'
import { askHouse, type House } from '../files/house.ts'
import { whyForeign } from '../files/own-address.ts'
import type { Machine } from '../config/site.ts'
import { reach, type Session } from '../boot/session.ts'
import { readDiskNames } from '../machine/disks.ts'
import { readMac } from '../net/mac.ts'
import type { Peer } from '../net/content.ts'
import { hideFor } from './secrets.ts'

const short = z.string().max(300)

/** What a client says of itself. `step` and `why` are sentences for people. */
export const report = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('started') }),
  z.strictObject({ kind: z.literal('progress'), step: short, percent: z.coerce.number().min(0).max(100).optional() }),
  z.strictObject({ kind: z.literal('log'), text: z.string().max(60_000) }),
  z.strictObject({ kind: z.literal('disks'), names: z.string().max(4000) }),
  z.strictObject({ kind: z.literal('done') }),
  z.strictObject({ kind: z.literal('failed'), why: short }),
])
export type Report = z.infer<typeof report>

/**
 * Takes a report from the machine's own address, under its session's token. `done` and `failed` move the permit; a report by MAC (a live machine
 * whose menu had a guessable name) is only remembered.
 */
export function takeReport(house: House, key: string, said: Report, peer: Peer): void {
  const session = key.includes('.') ? house.sessions.byToken(key, house.now()) : undefined
  if (session) return fromSession(house, session, said, peer)
  const mac = readMac(key)
  if (!mac)
    throw new Fault('token-unknown', 'no boot session has that token', { hint: 'use report.url as it was rendered' })
  fromAddress(house, mac, said, peer)
}

function fromSession(house: House, session: Session, said: Report, peer: Peer): void {
  const { machine, permit } = askHouse(house, { door: 'http', asker: 'os', mac: session.mac, session: session.id })
  if (!machine) throw new Fault('token-unknown', 'the machine of that token is not in the site any more')
  admit(house, machine, session, said, peer)
  reach(session, 'report', house.now())
  session.gone = true
  const shown = withoutSecrets(house, machine, said)
  tell(house, machine, session, shown, peer)
  if (permit?.session !== session.id) return
  if (shown.kind === 'done') house.permits.end(machine.name, 'done', house.now())
  else if (shown.kind === 'failed') house.permits.end(machine.name, 'fail', house.now(), shown.why)
  else house.permits.seen(machine.name, sentence(shown))
  if (said.kind === 'disks' && permit.state === 'claimed')
    house.disks.remember(machine.name, disksIn(said.names), house.now())
}

function fromAddress(house: House, mac: NonNullable<ReturnType<typeof readMac>>, said: Report, peer: Peer): void {
  const { machine, plan } = askHouse(house, { door: 'http', asker: 'os', mac })
  if (!machine || plan.do !== 'live') {
    throw new Fault('token-unknown', 'a report needs the token of its boot session', {
      hint: 'use report.url as it was rendered',
    })
  }
  const session = house.sessions.current(mac)
  admit(house, machine, session, said, peer)
  tell(house, machine, session, withoutSecrets(house, machine, said), peer)
}

/** Throws `token-unknown` for whoever speaks from another address than the machine's own, and leaves an event. */
function admit(house: House, machine: Machine, session: Session | undefined, { kind }: Report, peer: Peer): void {
  const why = whyForeign(house, { machine, session }, peer.address)
  if (why === undefined) return
  const whose = { machine: machine.name, ...(session && { mac: session.mac, session: session.id }) }
  const event = { at: house.now(), type: 'report.refused', ...whose, detail: { kind, why, from: peer.address } }
  house.journal.recordSeldom(event, peer.address)
  throw new Fault('token-unknown', `this report is refused: ${why}`, {
    hint: 'a machine reports from its own address',
  })
}

/** An installer's log may quote its answer; nothing of that is kept, neither in the journal nor with the permit. */
function withoutSecrets(house: House, machine: Machine, said: Report): Report {
  const shown = Object.entries(said).map(([key, value]) => [
    key,
    key !== 'kind' && typeof value === 'string' ? hideFor(house, machine, value) : value,
  ])
  return Object.fromEntries(shown) as Report
}

function tell(house: House, machine: Machine, session: Session | undefined, said: Report, peer: Peer): void {
  const { kind, ...detail } = said
  const whose = { machine: machine.name, ...(session && { mac: session.mac, session: session.id }) }
  house.journal.record({ at: house.now(), type: `report.${kind}`, ...whose, detail: { ...detail, from: peer.address } })
}

function disksIn(text: string): readonly string[] {
  const names = readDiskNames(text)
  if (names) return names
  throw new Fault('request-invalid', 'names holds no names of disks', {
    field: 'names',
    hint: 'serial:…, wwn:… or table:…, apart by blanks',
  })
}

function sentence(said: Report): string {
  switch (said.kind) {
    case 'progress':
      return said.percent === undefined ? said.step : `${said.step} (${said.percent} %)`
    case 'log':
      return `log: ${said.text.trim().split('\n').at(-1)!.slice(0, 200)}`
    case 'disks':
      return `its disks are written: ${said.names}`
    case 'started':
      return 'the installer started'
    case 'done':
      return 'the installer said done'
    case 'failed':
      return `the installer failed: ${said.why}`
  }
}
