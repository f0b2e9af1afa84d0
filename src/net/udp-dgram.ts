import { bound, DgramSocket } from './dgram-socket.ts'
import { boundSocket } from './libc.ts'
import { addressNumber, endpointKey } from './udp-address.ts'
import type { Udp, UdpOptions, UdpSocket } from './udp.ts'

/** UDP through node:dgram alone; sockets for one interface, or without DF, are made by libc: dgram can say neither. */
export const dgramUdp: Udp = { kind: 'dgram', open }

async function open(options: UdpOptions): Promise<UdpSocket> {
  const { address = '0.0.0.0', port, device, broadcast = false, reuse = false, mayFragment = false } = options
  const socket = await bound(4, options, { reuseAddr: reuse }, (fresh) => {
    if (device !== undefined) fresh.bind({ fd: boundSocket({ ...options, address, device, reuse: true }) })
    else if (mayFragment) fresh.bind({ fd: boundSocket({ ...options, address }) })
    else fresh.bind({ address, port, exclusive: true })
  })
  if (broadcast) socket.setBroadcast(true)
  return new DgramSocket(socket, options, (from, fromPort) => endpointKey(addressNumber(from) ?? 0, fromPort))
}
