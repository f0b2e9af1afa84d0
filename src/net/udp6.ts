import { createHash, randomBytes } from 'node:crypto'
import { bound, DgramSocket } from './dgram-socket.ts'
import type { Udp, UdpOptions, UdpSocket } from './udp.ts'

/** UDP over IPv6, for TFTP: IPv4 has its own, faster sockets. Which of our addresses was asked cannot be told. */
export const udp6: Udp = { kind: 'dgram', open }

async function open(options: UdpOptions): Promise<UdpSocket> {
  const { address = '::', port } = options
  const socket = await bound(6, options, { ipv6Only: true }, (fresh) => fresh.bind({ address, port, exclusive: true }))
  return new DgramSocket(socket, options, keyOf)
}

const keys = new Map<string, number>()
const remembered = 20_000
let salt: Buffer | undefined

/** Address and port as one number below 2^48. Nobody can aim at another one's, for the salt is new each time. */
function keyOf(address: string, port: number): number {
  const text = `${address} ${port}`
  const known = keys.get(text)
  if (known !== undefined) return known
  salt ??= randomBytes(16)
  const key = createHash('sha256').update(salt).update(text).digest().readUIntBE(0, 6)
  if (keys.size >= remembered) keys.clear()
  keys.set(text, key)
  return key
}
