/** A datagram that came. The bytes are only good until the call returns: copy what is kept. */
export interface UdpMessage {
  readonly bytes: Buffer
  readonly address: string
  readonly port: number
}

export interface UdpSocket extends AsyncDisposable {
  readonly port: number
  send(bytes: Buffer, port: number, address: string): void
  /** Bytes cut into datagrams of `segment` bytes, the last one shorter. */
  sendSegments(bytes: Buffer, segment: number, port: number, address: string): void
  flush?(): void
  close(): Promise<void>
}

export interface UdpOptions {
  readonly address?: string
  /** 0: any free one. */
  readonly port: number
  /** Only this interface (SO_BINDTODEVICE). */
  readonly device?: string
  readonly broadcast?: boolean
  readonly reuse?: boolean
  readonly receiveBuffer?: number
  onMessage(message: UdpMessage, socket: UdpSocket): void
  /** All that was waiting has been told. */
  onBatchEnd?(): void
  onError(error: Error): void
}

export interface Udp {
  readonly kind: 'ffi' | 'dgram'
  open(options: UdpOptions): Promise<UdpSocket>
}

/**
 * The fastest UDP that works here. A self-test sends a window of datagrams to itself: where node:ffi, recvmmsg or UDP_SEGMENT are not to be
 * had, node:dgram does. `BIRNAM_UDP=dgram` or `ffi` decides by hand.
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

/** One datagram to whoever listens. A mistake there is told, and is no reason to stop listening. */
export function deliver(options: UdpOptions, message: UdpMessage, socket: UdpSocket): void {
  try {
    options.onMessage(message, socket)
  } catch (error) {
    options.onError(error instanceof Error ? error : new Error(String(error)))
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
