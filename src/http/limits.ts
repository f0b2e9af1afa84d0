/** Times in milliseconds, sizes in bytes. Nothing here is left to Node's defaults, which mean "for ever" in several places. */
export interface Limits {
  /** From the connection (or the end of the answer before) to the end of the header section. */
  readonly headersTimeout: number
  /** The same to the end of the body. */
  readonly requestTimeout: number
  /** How long an idle connection is kept for its next request. */
  readonly keepAlive: number
  /** An answer of which no byte could be handed over for this long is ended. */
  readonly stall: number
  /** Of a request line and its headers together. */
  readonly headerBytes: number
  readonly headers: number
  readonly connections: number
  readonly connectionsPerPeer: number
  /** Requests of one connection that wait for their answers (pipelining); no boot client sends a second one. */
  readonly pipelined: number
  /** How long `close()` lets running answers go on. */
  readonly grace: number
  /** Boot files in memory: all together, and the largest one. */
  readonly memory: number
  readonly memoryPerFile: number
}

export const defaultLimits: Limits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAlive: 10_000,
  stall: 30_000,
  headerBytes: 16 << 10,
  headers: 100,
  connections: 2048,
  connectionsPerPeer: 256,
  pipelined: 16,
  grace: 3_000,
  memory: 512 << 20,
  memoryPerFile: 256 << 20,
}
