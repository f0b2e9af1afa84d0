/** What happened since the start; only ever counted up. */
export interface TftpCounters {
  requests: number
  sent: number
  missing: number
  refused: number
  failed: number
  aborted: number
  timeouts: number
  /** RRQs that came again before their transfer had begun. */
  repeated: number
  /** Requests refused because too much is going on, and transfers that gave way because nobody ever answered them. */
  overloaded: number
  crowdedOut: number
  /** Requests that were sent to everybody: RFC 1123 §4.2.3.5 wants them ignored. */
  broadcasts: number
  /** Packets to a transfer's port that belong to no transfer; late ones of a transfer that is over. */
  strays: number
  late: number
  malformed: number
  windows: number
  sendErrors: number
}

export function newCounters(): TftpCounters {
  return {
    requests: 0,
    sent: 0,
    missing: 0,
    refused: 0,
    failed: 0,
    aborted: 0,
    timeouts: 0,
    repeated: 0,
    overloaded: 0,
    crowdedOut: 0,
    broadcasts: 0,
    strays: 0,
    late: 0,
    malformed: 0,
    windows: 0,
    sendErrors: 0,
  }
}
