import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { boundSocket } from './libc.ts'
import { deliver, type Udp, type UdpOptions, type UdpSocket } from './udp.ts'

/** UDP through node:dgram alone; a socket for one interface is made by libc, since dgram cannot name an interface. */
export const dgramUdp: Udp = { kind: 'dgram', open }

async function open(options: UdpOptions): Promise<UdpSocket> {
  const { address = '0.0.0.0', port, device, broadcast = false, reuse = false } = options
  const socket = createSocket({
    type: 'udp4',
    reuseAddr: reuse,
    ...(options.receiveBuffer && { recvBufferSize: options.receiveBuffer }),
  })
  const listening = once(socket, 'listening')
  if (device === undefined) socket.bind({ address, port, exclusive: true })
  else socket.bind({ fd: boundSocket({ address, port, device, reuse: true, broadcast }) })
  await listening
  socket.on('error', (error) => options.onError(error))
  if (broadcast) socket.setBroadcast(true)
  const self: UdpSocket = {
    port: socket.address().port,
    send: (bytes, to, where) => socket.send(bytes, to, where, (error) => error && options.onError(error)),
    sendSegments(bytes, segment, to, where) {
      for (let at = 0; at < bytes.length; at += segment) self.send(bytes.subarray(at, at + segment), to, where)
    },
    async close() {
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
    [Symbol.asyncDispose]: () => self.close(),
  }
  let ending = false
  socket.on('message', (bytes, { address: from, port: at }) => {
    deliver(options, { bytes, address: from, port: at }, self)
    if (ending || !options.onBatchEnd) return
    ending = true
    setImmediate(() => {
      ending = false
      options.onBatchEnd!()
    })
  })
  return self
}
