/** What a client may have of this server's memory and sockets. */
export interface Limits {
  /** Transfers at once, in all and for one address. */
  readonly transfers: number
  readonly transfersPerSource: number
  /** Sockets that transfers share. */
  readonly sockets: number
  /** Bytes of files in memory as ready packets. */
  readonly memory: number
  /** The most that is agreed to of RFC 2348 and RFC 7440. */
  readonly blksize: number
  readonly windowsize: number
}

export const defaultLimits: Limits = {
  transfers: 4000,
  transfersPerSource: 1000,
  // Enough that a client's next transfer is sent from another port; few, so that a socket's batch is worth its wake-up.
  sockets: 8,
  memory: 512 << 20,
  blksize: 65464,
  // RFC 7440 §5 sees no gain beyond 64, and some firmware drops larger bursts.
  windowsize: 64,
}
