/** What happened since the start; `open` is now. */
export interface HttpCounters {
  open: number
  connections: number
  /** Connections closed to make room for others, or at once when nobody could give way. */
  dropped: number
  requests: number
  /** Answers that went out whole: files, menus, answers. */
  sent: number
  notModified: number
  missing: number
  refused: number
  /** The client closed before its last byte. */
  aborted: number
  /** The client stopped reading, or never ended its request. */
  timeouts: number
  /** Reading, rendering or looking up failed here. */
  failed: number
  /** Requests that are no HTTP, or HTTP that two programs could read in two ways. */
  malformed: number
  bytes: number
}

export function newCounters(): HttpCounters {
  return {
    open: 0,
    connections: 0,
    dropped: 0,
    requests: 0,
    sent: 0,
    notModified: 0,
    missing: 0,
    refused: 0,
    aborted: 0,
    timeouts: 0,
    failed: 0,
    malformed: 0,
    bytes: 0,
  }
}
