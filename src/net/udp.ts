/** A datagram that came. The bytes are only good until the call returns: copy what is kept. */
export interface UdpMessage {
  readonly bytes: Buffer
  readonly address: string
  readonly port: number
  /** Sender's address and port as one number, for look-ups that happen for every packet. */
  readonly key: number
  /** Which of our addresses was asked, where the system says so. */
  readonly local?: string
  /** Sent to everybody (broadcast or multicast), where the system says so. */
  readonly toAll?: boolean
}

export interface UdpSocket extends AsyncDisposable {
  readonly port: number
  /** The bytes may not change before this turn is over. `from`: our own address that it leaves from. Nothing is thrown: see `onError`. */
  send(bytes: Buffer, port: number, address: string, from?: string): void
  /** Bytes cut into datagrams of `segment` bytes, the last one shorter. */
  sendSegments(bytes: Buffer, segment: number, port: number, address: string, from?: string): void
  /** Sends now what was collected. */
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
  /** Bytes; what the system allows of it. */
  readonly receiveBuffer?: number
  /** Routers may cut what is sent (no DF bit, RFC 791), where that can be had. */
  readonly mayFragment?: boolean
  /** Tell `local` and `toAll` of each message (IP_PKTINFO), where that can be had. */
  readonly tellLocal?: boolean
  /** The handlers leave no promise and no tick behind, which saves a turn of the event loop for each batch. */
  readonly synchronous?: boolean
  onMessage(message: UdpMessage, socket: UdpSocket): void
  /** All that was waiting has been told. */
  onBatchEnd?(): void
  /** What could not be sent, and mistakes of the handlers; for each of them. */
  onError(error: Error): void
}

export interface Udp {
  readonly kind: 'ffi' | 'dgram'
  open(options: UdpOptions): Promise<UdpSocket>
}

/** One datagram to whoever listens. A mistake there is told, and is no reason to stop listening. */
export function deliver(options: UdpOptions, message: UdpMessage, socket: UdpSocket): void {
  // Nobody can be answered at port 0, and every send to it is an error.
  if (message.port === 0) return
  try {
    options.onMessage(message, socket)
  } catch (error) {
    options.onError(error instanceof Error ? error : new Error(String(error)))
  }
}
