import { bound, DgramSocket } from './dgram-socket.ts'
import { boundSocket } from './libc.ts'
import { addressNumber, endpointKey } from './udp-address.ts'
import type { Udp, UdpOptions, UdpSocket } from './udp.ts'

/** UDP through node:dgram alone; sockets for one interface, or without DF, are made by libc: dgram can say neither. */
export const dgramUdp: Udp = { kind: 'dgram', open }

async function open(options: UdpOptions): Promise<UdpSocket> {
  const { address = '0.0.0.0', port, device, broadcast = false, reuse = false } = options
  const socket = await bound(4, options, { reuseAddr: reuse }, (fresh) => {
    if (device !== undefined) fresh.bind({ fd: boundSocket({ ...options, address, device, reuse: true }) })
    else fresh.bind(fragmentable({ ...options, address }) ?? { address, port, exclusive: true })
  })
  if (broadcast) socket.setBroadcast(true)
  return new DgramSocket(socket, options, (from, fromPort) => endpointKey(addressNumber(from) ?? 0, fromPort))
}

/** Undefined where it is not wished for, or where libc cannot be asked (macOS, musl); why a port cannot be had is told by the plain way. */
function fragmentable(options: UdpOptions & { readonly address: string }): { readonly fd: number } | undefined {
  if (!options.mayFragment) return undefined
  try {
    return { fd: boundSocket(options) }
  } catch {
    return undefined
  }
}
