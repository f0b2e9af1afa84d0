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

/** The UDP of this host. */
export async function chooseUdp(): Promise<Udp> {
  const { dgramUdp } = await import('./udp-dgram.ts')
  return dgramUdp
}
