/** Sizes in bytes. What a client may have of this server's memory and sockets. */
export interface Limits {
  /** Transfers at once, in all and for one address. */
  readonly transfers: number
  readonly transfersPerSource: number
  /** Sockets that transfers share. */
  readonly sockets: number
  /** Files in memory as ready packets. */
  readonly memory: number
  /** Larger files are for HTTP. */
  readonly largestFile: number
  /** The most that is agreed to of RFC 2348 and RFC 7440. */
  readonly blksize: number
  readonly windowsize: number
}

export const defaultLimits: Limits = {
  transfers: 4000,
  transfersPerSource: 1000,
  sockets: 16,
  memory: 512 << 20,
  largestFile: 2 ** 31 - 1,
  blksize: 65464,
  // RFC 7440 §5 sees no gain beyond 64, and some firmware drops larger bursts.
  windowsize: 64,
}
