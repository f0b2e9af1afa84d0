import type { Client } from '../boot/client.ts'
import type { Session } from '../boot/session.ts'
import { machineOf, type House } from '../files/house.ts'
import { nearCard } from '../files/unknown-machines.ts'
import type { Event } from '../journal/journal.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'

interface Heard {
  readonly type: string
  readonly mac?: Mac
  readonly client?: Client
  readonly machine?: string
  readonly interface: string
  readonly relay?: Ipv4
  readonly count?: number
  readonly why?: string
}

/**
 * What a DHCP server saw becomes an event of the machine; of cards that nobody named only the types in `even` do, so that a flood of made-up ones
 * writes nothing. `more` is what only the system can tell of it.
 */
export function hear<T extends Heard>(
  house: House,
  { type, mac, client, machine, interface: link, count, ...rest }: T,
  even: readonly T['type'][],
  more: object = {},
): void {
  const named = machine ?? (mac && machineOf(house, mac)?.name)
  const session = mac && bootOf(house, mac)
  const event = {
    at: house.now(),
    type,
    ...(named !== undefined && { machine: named }),
    ...(mac && { mac }),
    ...(session && { session: session.id }),
    detail: { interface: link, count, ...saidBy(client), ...rest, ...more },
  }
  // Anybody can speak with the address of a known card; of made-up ones, only that there are any is told.
  if (named !== undefined)
    return house.journal.recordSeldom(event, `${link} ${mac} ${session?.id} ${client?.asker} ${rest.why}`)
  if (mac) ofUnknown(house, { ...event, mac }, client, rest.relay)
  if (even.includes(type)) house.journal.recordRarely(event, `${link} ${rest.relay} ${rest.why}`)
}

/** A machine that nobody named leaves a word where it comes to boot: the site may have its MAC wrong. */
function ofUnknown(
  { unknown, journal, registry }: House,
  event: Event & { readonly mac: Mac },
  client: Client | undefined,
  relay: Ipv4 | undefined,
): void {
  const comes = event.type === 'dhcp.discover' && client !== undefined && client.asker !== 'os'
  const isNews = comes && unknown.meet(client, relay, event.at)
  unknown.tell(event)
  if (!isNews) return
  const near = nearCard(event.mac, registry.site.machines)
  const like = near && { near: near.machine, nearMac: near.mac }
  const detail = { ...event.detail, ...like, why: 'nobody named this machine' }
  journal.record({ at: event.at, type: 'machine.unknown', mac: event.mac, detail })
}

/** What kind of client it was; the rest of what it said of itself is evidence, not for people. */
function saidBy(client: Client | undefined): { readonly asker?: string; readonly arch?: number } {
  if (!client) return {}
  return { asker: client.asker, ...(client.arch !== undefined && { arch: client.arch }) }
}

/** The boot that a DHCP message belongs to; a system that renews its lease hours later is not booting any more. */
function bootOf({ sessions, now }: House, mac: Mac): Session | undefined {
  const session = sessions.current(mac)
  return session && now() - session.stageAt < 15 * 60_000 ? session : undefined
}
