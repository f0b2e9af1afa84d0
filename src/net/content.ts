/** Who asks: the source of the datagram or connection. */
export interface Peer {
  readonly address: string
  readonly port: number
}

interface Bound {
  /** Asked when the first byte goes out, and while the rest does: false ends the transfer there. */
  readonly mayGoOn?: () => boolean
}

/** Bytes to be carried: in memory (rendered for whoever asked), or a file that the carrier reads by itself. */
export type Content = Bound &
  (
    | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly type?: string; readonly secret?: boolean }
    | {
        readonly kind: 'file'
        readonly path: string
        readonly size: number
        readonly mtimeMs: number
        readonly ino: number
      }
  )

/** A finished answer of "no": not a mistake of the program, and told to the client in one line. */
export interface Refusal {
  readonly kind: 'refused'
  readonly status: 403 | 404 | 410 | 500
  readonly message: string
}

export type Finding = Content | Refusal | undefined

/** What became of one transfer. Carriers tell it; whoever listens knows what the name meant. */
export interface Transfer {
  readonly carrier: 'tftp' | 'http'
  readonly name: string
  readonly peer: Peer
  /** What the client has: acknowledged by TFTP, taken by the connection over HTTP. */
  readonly bytes: number
  /** Of all that was to be carried; undefined where nothing was. */
  readonly size?: number
  /** Bytes of each packet, where the client acknowledges packets. */
  readonly blksize?: number
  /** TFTP: the client has acknowledged something, be it the terms alone. */
  readonly answered?: boolean
  readonly milliseconds: number
  /** It was ended early, and nothing is wrong: only the size was asked for, or the client went on with another file from the same port. */
  readonly harmless?: true
  readonly outcome: 'sent' | 'missing' | 'refused' | 'aborted' | 'timeout' | 'failed'
  readonly detail?: string
}

/** A transfer that goes on. */
export interface Underway extends Pick<Transfer, 'carrier' | 'name' | 'peer' | 'bytes' | 'size' | 'answered'> {
  /** Since it began. */
  readonly milliseconds: number
  /** Milliseconds since the client took something; undefined where that is not known. */
  readonly silent?: number
}
