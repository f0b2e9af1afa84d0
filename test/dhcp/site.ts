import type { Client } from '../../src/boot/client.ts'
import type { DhcpSettings, Subnet } from '../../src/config/site.ts'
import type { Advice, Advisor, NamedMachines } from '../../src/dhcp/advice.ts'
import { Desk, replyTo, type Decision } from '../../src/dhcp/desk.ts'
import { LeaseBook, type Lease } from '../../src/dhcp/lease.ts'
import { decodePacket, encodePacket, type Packet } from '../../src/dhcp/packet.ts'
import { readRequest, type DropReason } from '../../src/dhcp/request.ts'
import type { SiteOption } from '../../src/net/dhcp-option.ts'
import { formatIpv4, parseCidr, parseIpv4 } from '../../src/net/ipv4.ts'
import { parseMac, type Mac } from '../../src/net/mac.ts'
import { MemoryLeases } from '../../src/store/memory/leases.ts'

export const noon = Date.UTC(2026, 10, 23, 12)

export function subnet(cidr: string, range: string | undefined, more: Partial<Subnet> = {}): Subnet {
  const [from = '', to = ''] = range?.split('-') ?? []
  return {
    cidr: parseCidr(cidr),
    ranges: range === undefined ? [] : [{ from: parseIpv4(from), to: parseIpv4(to) }],
    dns: [],
    ntp: [],
    lease: 3600,
    ...more,
  }
}

export function settings(subnets: readonly Subnet[], interfaces: readonly string[] = ['eth0']): DhcpSettings {
  return { mode: 'server', interfaces, subnets }
}

/** A fleet as DHCP sees it: advice by MAC, and the same for everybody else. */
export class Fleet implements Advisor {
  readonly #byMac: ReadonlyMap<Mac, Advice>
  readonly #reserved: ReadonlySet<string>
  readonly #strangers: Advice

  constructor(machines: Readonly<Record<string, Advice>> = {}, strangers: Advice = {}) {
    this.#byMac = new Map(Object.entries(machines).map(([mac, advice]) => [parseMac(mac), advice]))
    this.#reserved = new Set(Object.values(machines).flatMap(({ address }) => address ?? []))
    this.#strangers = strangers
  }

  advise({ mac }: Client): Advice {
    return (mac && this.#byMac.get(mac)) ?? this.#strangers
  }

  isReserved(address: string): boolean {
    return this.#reserved.has(address)
  }

  get named(): NamedMachines {
    const without = [...this.#byMac.values()].filter(({ address }) => address === undefined)
    return { has: (mac) => this.#byMac.has(mac), withoutAddress: without.length }
  }
}

interface Lab {
  readonly subnets?: readonly Subnet[]
  readonly fleet?: Fleet
  readonly leases?: readonly Lease[]
  readonly addresses?: Readonly<Record<string, string>>
  readonly options?: readonly SiteOption[]
  /** Cards that answer at addresses although they have no lease. */
  readonly squatters?: Readonly<Record<string, string>>
}

/** A desk with a book, whose clock is an argument: what one message does, and what is said to it. */
export class Lobby {
  readonly book: LeaseBook
  readonly desk: Desk
  now = noon

  constructor({ subnets, fleet, leases, addresses = { eth0: '10.77.0.1' }, options = [], squatters }: Lab = {}) {
    this.book = new LeaseBook(new MemoryLeases(leases))
    this.desk = new Desk(
      { ...settings(subnets ?? [subnet('10.77.0.0/24', '10.77.0.100-10.77.0.199')], Object.keys(addresses)), options },
      {
        advisor: fleet ?? new Fleet(),
        leases: this.book,
        serverAddressFor: (name) => addresses[name],
        ...(squatters && {
          answering: (address) => (squatters[address] === undefined ? undefined : parseMac(squatters[address])),
        }),
      },
      noon,
    )
  }

  decide(packet: Packet, on = 'eth0'): Decision | DropReason {
    const request = readRequest(packet)
    return typeof request === 'string' ? request : this.desk.decide(request, on, this.now)
  }

  /** The address about which the link is asked beside an OFFER, after doing what was decided. */
  probe(packet: Packet): string | undefined {
    const decision = this.decide(packet)
    if (typeof decision === 'string') return undefined
    this.desk.settle(decision, this.now)
    return this.desk.probeFor(decision, this.now)
  }

  /** The verdict in words, after doing it. */
  say(packet: Packet, on = 'eth0'): string {
    const decision = this.decide(packet, on)
    if (typeof decision === 'string') return `drop: ${decision}`
    this.desk.settle(decision, this.now)
    const { verdict } = decision
    if ('address' in verdict)
      return `${verdict.say === 'nothing' ? verdict.because : verdict.say} ${formatIpv4(verdict.address)}`
    if (verdict.say === 'nothing') return 'drop' in verdict ? `drop: ${verdict.drop}` : verdict.because
    return verdict.say === 'nak' ? `nak: ${verdict.why}` : verdict.say
  }

  /** The reply as the client reads it, after doing what was decided. */
  reply(packet: Packet, on = 'eth0'): Packet | undefined {
    const decision = this.decide(packet, on)
    if (typeof decision === 'string') return undefined
    this.desk.settle(decision, this.now)
    const reply = replyTo(decision)
    const read = reply && decodePacket(encodePacket(reply))
    return read && !('malformed' in read) ? read : undefined
  }
}

export function lease(mac: string, address: string, more: Partial<Lease> = {}): Lease {
  return { mac: parseMac(mac), address, expiresAt: noon + 3_600_000, state: 'leased', ...more }
}
