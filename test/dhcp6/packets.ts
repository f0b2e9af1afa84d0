import { readIpv6, ipv6Bytes } from '../../src/net/ipv6.ts'
import { option, option6, u16, u32 } from '../../src/dhcp6/options.ts'

/** OVMF and AAVMF 2022.11 in QEMU, as they were on the wire. */
const captured = {
  'ovmf-solicit':
    '010c17c00001000e0001000131dca05a5254007700020008000200000003000cff4cf7f6ffffffffffffffff00060008003b003c00170010003e0003010300003d0002000700100026000001570020505845436c69656e743a417263683a30303030373a554e44493a303033303030',
  'aavmf-solicit':
    '010c082f0001000e0001000131dc9b6e5254007700050008000200000003000cf7f5577bffffffffffffffff00060008003b003c00170010003e0003010300003d0002000b00100026000001570020505845436c69656e743a417263683a30303031313a554e44493a303033303030',
  'grub-solicit':
    '0172b5c60001000e0001000131dca1d75254007700020008000200000003000cff73de7affffffffffffffff000600020017',
} as const

export function real(name: keyof typeof captured): Buffer {
  return Buffer.from(captured[name], 'hex')
}

export const everyReal: readonly Buffer[] = Object.values(captured).map((hex) => Buffer.from(hex, 'hex'))

export const serverId: Buffer = Buffer.from('00040123456789abcdef0123456789abcdef', 'hex')
export const card = '52:54:00:77:00:02'
/** The link-local address of that card. */
export const linkLocal = 'fe80::5054:ff:fe77:2'

export const types = {
  solicit: 1,
  request: 3,
  confirm: 4,
  renew: 5,
  rebind: 6,
  release: 8,
  decline: 9,
  inform: 11,
} as const

/** DUID-LL of a card. */
export function duidOf(mac: string): Buffer {
  return Buffer.from(`00030001${mac.replaceAll(':', '')}`, 'hex')
}

export interface Wish {
  readonly duid?: Buffer | null
  readonly server?: Buffer
  /** Addresses of one IA_NA each; none: no IA_NA. */
  readonly addresses?: readonly (readonly string[])[]
  readonly wants?: readonly number[]
  readonly more?: readonly Buffer[]
}

export function message(type: number, wish: Wish = {}): Buffer {
  const { duid = duidOf(card), server, addresses = [[]], wants = [59, 23], more = [] } = wish
  return Buffer.concat([
    Buffer.from([type, 1, 2, 3]),
    ...(duid === null ? [] : [option(option6.clientId, duid)]),
    ...(server ? [option(option6.serverId, server)] : []),
    ...addresses.map((each, at) => association(at + 1, each)),
    option(option6.request, ...wants.map(u16)),
    ...more,
  ])
}

export function association(id: number, addresses: readonly string[]): Buffer {
  const inner = addresses.map((text) => option(option6.iaAddress, bytesOf(text), u32(0), u32(0)))
  return option(option6.iaNa, u32(id), u32(0), u32(0), ...inner)
}

export interface Hop {
  readonly link: string
  readonly peer?: string
  readonly hops?: number
  readonly more?: readonly Buffer[]
}

/** What a relay makes of a message. */
export function relayed(inner: Buffer, { link, peer = linkLocal, hops = 0, more = [] }: Hop): Buffer {
  const head = Buffer.concat([Buffer.from([12, hops]), bytesOf(link), bytesOf(peer)])
  return Buffer.concat([head, ...more, option(option6.relayMessage, inner)])
}

export function bytesOf(text: string): Buffer {
  return ipv6Bytes(readIpv6(text)!)
}
