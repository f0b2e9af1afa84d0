import type { Udp } from './udp.ts'

/**
 * The fastest UDP that works here. A self-test sends a window of datagrams to itself: where node:ffi, libuv's symbols, recvmmsg or
 * UDP_SEGMENT are not to be had, node:dgram does. `BIRNAM_UDP=dgram` or `ffi` decides by hand.
 */
export async function chooseUdp(wanted: string | undefined = process.env['BIRNAM_UDP']): Promise<Udp> {
  const { dgramUdp } = await import('./udp-dgram.ts')
  if (wanted === 'dgram') return dgramUdp
  try {
    const { ffiUdp } = await import('./udp-ffi.ts')
    return wanted === 'ffi' || (await works(ffiUdp)) ? ffiUdp : dgramUdp
  } catch (error) {
    if (wanted === 'ffi') throw error
    return dgramUdp
  }
}

/** Three datagrams in one send, all of them back within half a second. */
async function works(udp: Udp): Promise<boolean> {
  const sizes: number[] = []
  const { promise, resolve } = Promise.withResolvers<boolean>()
  await using socket = await udp.open({
    address: '127.0.0.1',
    port: 0,
    onError: () => resolve(false),
    onMessage: ({ bytes }) => sizes.push(bytes.length) === 3 && resolve(true),
  })
  const timer = setTimeout(() => resolve(false), 500)
  socket.sendSegments(Buffer.alloc(250), 100, socket.port, '127.0.0.1')
  const arrived = await promise
  clearTimeout(timer)
  return arrived && sizes.join() === '100,100,50'
}
