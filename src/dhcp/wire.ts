/** A datagram that came, or is to go: the address is the other side's. */
export interface Datagram {
  readonly bytes: Buffer
  readonly address: string
  readonly port: number
}

/** A UDP socket on one interface. */
export interface Wire {
  /** All that was waiting, at once. The bytes are only good until the listener returns. */
  receive(listener: (batch: readonly Datagram[]) => void): void
  send(batch: readonly Datagram[]): void
  close(): Promise<void> | void
}

export type OpenWire = (place: { readonly interface: string; readonly port: number }) => Promise<Wire>
