import { readFileSync } from 'node:fs'
import { parseIpv4 } from '../../src/net/ipv4.ts'
import { parseMac } from '../../src/net/mac.ts'
import { option, OptionList, write, type Entry, type MessageType, type Options } from '../../src/dhcp/options.ts'
import { decodePacket, type Packet } from '../../src/dhcp/packet.ts'

interface Captured {
  readonly client: string
  readonly hex: string
}

const file = new URL('../fixtures/packets/dhcp.json', import.meta.url)

/** Messages that real firmware and real installers put on the wire; each names its machine. */
export const captured = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, Captured>>

export function bytesOf(name: string): Buffer {
  return Buffer.from(captured[name]!.hex, 'hex')
}

export function decoded(bytes: Buffer): Packet {
  const packet = decodePacket(bytes)
  if ('malformed' in packet) throw new Error(`malformed: ${packet.malformed}`)
  return packet
}

export function real(name: string): Packet {
  return decoded(bytesOf(name))
}

export function codesOf(options: Options): readonly number[] {
  return [...options].map(([code]) => code)
}

export interface Wish {
  readonly mac?: string
  readonly requested?: string
  readonly server?: string
  readonly ciaddr?: string
  readonly giaddr?: string
  readonly more?: readonly (readonly [number, Buffer])[]
  readonly fields?: Partial<Packet>
}

/** A plain client's message of one type. */
export function message(type: MessageType, wish: Wish = {}): Packet {
  const { mac = '52:54:00:77:00:01', requested, server, ciaddr, giaddr, more = [], fields = {} } = wish
  const chaddr = Buffer.alloc(16)
  chaddr.write(parseMac(mac).replaceAll(':', ''), 'hex')
  const options: Entry[] = [write(option.messageType, type)]
  if (requested !== undefined) options.push(write(option.requested, parseIpv4(requested)))
  if (server !== undefined) options.push(write(option.serverId, parseIpv4(server)))
  const all = new Map([...options, ...more])
  return {
    op: 1,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: 0x1234abcd,
    secs: 0,
    flags: 0,
    ciaddr: ciaddr === undefined ? 0 : parseIpv4(ciaddr),
    yiaddr: 0,
    siaddr: 0,
    giaddr: giaddr === undefined ? 0 : parseIpv4(giaddr),
    chaddr,
    sname: '',
    file: '',
    options: new OptionList([...all]),
    ...fields,
  }
}
