import type { Client } from '../../src/boot/client.ts'
import type { Subnet6 } from '../../src/config/site.ts'
import type { Advice6, Advisor6 } from '../../src/dhcp6/advice.ts'
import { Book6 } from '../../src/dhcp6/book.ts'
import { Desk6, type Arrival, type Reply6 } from '../../src/dhcp6/desk.ts'
import type { Dhcp6Event } from '../../src/dhcp6/event.ts'
import { find, option6, readOptions } from '../../src/dhcp6/options.ts'
import type { SiteOption } from '../../src/net/dhcp-option.ts'
import { formatIpv6, ipv6At, parseCidr6, readIpv6 } from '../../src/net/ipv6.ts'
import { linkLocal, serverId } from './packets.ts'

export function subnet6(cidr: string, range?: string, more: Partial<Subnet6> = {}): Subnet6 {
  const [from, to] = range?.split('-').map((text) => readIpv6(text)!) ?? []
  const between = from === undefined || to === undefined ? {} : { range: { from, to } }
  return { cidr: parseCidr6(cidr), ...between, dns: [], lease: 3600, ...more }
}

/** A server on `lan`, whose clients are known by their cards; what each said of itself is kept. */
export class Lobby6 {
  readonly book = new Book6()
  readonly events: Dhcp6Event[] = []
  readonly clients: Client[] = []
  readonly desk: Desk6
  now = 1_000_000

  constructor({
    subnets = [subnet6('fd77::/64')],
    known = {},
    own = ['fd77::1'],
    advisor,
    options = [],
  }: {
    readonly subnets?: readonly Subnet6[]
    readonly known?: Readonly<Record<string, Advice6>>
    readonly own?: readonly string[]
    readonly advisor?: Advisor6
    readonly options?: readonly SiteOption[]
  } = {}) {
    this.desk = new Desk6(
      { interfaces: ['lan'], subnets, options },
      {
        book: this.book,
        serverId,
        addressesOn: () => own,
        advisor: advisor ?? {
          advise: (client) => {
            this.clients.push(client)
            return known[client.mac ?? ''] ?? { boot: { file: 'shimx64.efi' } }
          },
          isReserved: (address, machine) =>
            Object.values(known).some((advice) => advice.address === address && advice.machine !== machine),
          namedWithoutAddress: Object.values(known).filter(({ address }) => address === undefined).length,
        },
        onEvent: (event) => this.events.push(event),
      },
    )
  }

  take(bytes: Buffer, arrival: Partial<Arrival> = {}): Reply6 | undefined {
    return this.desk.take(
      bytes,
      { interfaceName: 'lan', from: `${linkLocal}%lan`, unicast: false, ...arrival },
      this.now,
    )
  }

  ask(bytes: Buffer, arrival?: Partial<Arrival>): Told | undefined {
    const reply = this.take(bytes, arrival)
    return reply && told(reply.bytes)
  }
}

/** An answer, for people. */
export interface Told {
  readonly type: 'advertise' | 'reply'
  readonly url?: string
  readonly status?: number
  readonly preference?: number
  readonly dns?: string
  readonly codes: readonly number[]
  readonly given: readonly {
    readonly id: number
    readonly addresses: readonly (readonly [address: string, lifetime: number])[]
    readonly status?: number
  }[]
}

export function told(bytes: Buffer): Told {
  const options = readOptions(bytes.subarray(4))!
  const get = (code: number): Buffer | undefined => find(options, code)
  const [url, status, preference, dns] = [option6.bootUrl, option6.status, option6.preference, option6.dns].map(get)
  return {
    type: bytes[0] === 2 ? 'advertise' : 'reply',
    ...(url && { url: url.toString() }),
    ...(status && { status: status.readUInt16BE(0) }),
    ...(preference && { preference: preference[0]! }),
    ...(dns && { dns: formatIpv6(ipv6At(dns, 0)) }),
    codes: options.map(({ code }) => code),
    given: options.filter(({ code }) => code === option6.iaNa).map(({ value }) => givenOf(value)),
  }
}

function givenOf(value: Buffer): Told['given'][number] {
  const inner = readOptions(value.subarray(12))!
  const status = find(inner, option6.status)
  const addresses = inner.filter(({ code }) => code === option6.iaAddress)
  return {
    id: value.readUInt32BE(0),
    addresses: addresses.map((each) => [formatIpv6(ipv6At(each.value, 0)), each.value.readUInt32BE(20)] as const),
    ...(status && { status: status.readUInt16BE(0) }),
  }
}
