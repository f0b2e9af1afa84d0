import type { Terms } from './negotiate.ts'

/** What the state machine wants sent. */
export interface Sender {
  oack(): void
  /** `count` blocks from the absolute block number `first` (1-based; the wire carries it modulo 65536). */
  blocks(first: number, count: number): void
}

/** RFC 1123 §4.2.3.2: the time before a resend adapts to what was measured. Milliseconds. */
const firstTimeout = 300
const leastTimeout = 50
const mostTimeout = 2000
/**
 * Resends that are quick do not help every client: atftp acknowledges a repeated block once, and then says its ACK again only after 5 s in
 * which nothing came, whatever timeout was agreed on; others wait for the timeout of RFC 2349. So after the quick ones we are silent
 * longer than that, and a client has several such silences before it is given up.
 */
const leastQuick = 2
const usualSilence = 5000
const leastMargin = 1000
const mostMargin = 15_000
const giveUpAtMost = 60_000
const leastSilences = 2
/**
 * A client that is there answers the first packet at once; a made-up one never does, and shall not be sent much. Being waited for costs
 * nobody anything: twice the usual silence, in which its last ACK may still come.
 */
const giveUpUnanswered = 15_000
const resendsUnanswered = 3
/** A repeated ACK this long after the last send means that the send was lost; sooner, it is the echo of a duplicate. */
const patience = 50

/**
 * One read transfer: no socket, no clock. Time comes in with every call, in milliseconds of one monotonic clock. A window is sent, its ACK
 * sends the next one; an ACK inside the window goes on from there (RFC 7440 §4); nothing else sends at once, so a doubled packet is
 * never answered by another (RFC 1123 §4.2.3.1, the sorcerer's apprentice).
 */
export class Transfer {
  readonly #send: Sender
  readonly #windowsize: number
  readonly #last: number
  /** The longest before a quick resend, and before one that leaves the client time to speak. */
  readonly #longest: number
  readonly #silence: number
  readonly #giveUp: number
  /** The last block that is known to have arrived. */
  #arrived = 0
  #sentTo = 0
  #opening: boolean
  #answered = false
  #sentAt = 0
  #progressAt = 0
  /** Since the last progress. */
  #resends = 0
  /** What the last ACK was for was sent more than once, so there may be another one. */
  #echoes = false
  /** The quick resends are over. */
  #quiet = false
  #smoothed: number | undefined
  #timeout = firstTimeout

  /** `blocks`: how many there are, the short or empty last one included. */
  constructor(terms: Terms, blocks: number, send: Sender) {
    this.#send = send
    this.#windowsize = terms.windowsize
    this.#last = blocks
    this.#longest = Math.min(terms.timeout ?? mostTimeout, mostTimeout)
    this.#silence = silenceFor(terms.timeout)
    this.#giveUp = giveUpFor(this.#silence)
    this.#opening = terms.acknowledged.length > 0
  }

  /** The client has acknowledged something: it is really there. */
  get answered(): boolean {
    return this.#answered
  }

  /** Whole blocks that are known to have arrived. */
  get arrived(): number {
    return this.#arrived
  }

  /** When the client last acknowledged something new. */
  get progressAt(): number {
    return this.#progressAt
  }

  get finished(): boolean {
    return !this.#opening && this.#arrived >= this.#last
  }

  /** All was sent; only the last ACK is missing. Clients that do not wait around cannot repeat it. */
  get ending(): boolean {
    return this.#answered && this.#sentTo >= this.#last
  }

  start(now: number): void {
    this.#progressAt = now
    if (this.#opening) this.#sendOack(now)
    else this.#sendWindow(now)
  }

  /** An ACK with its 16-bit block number. */
  acknowledge(block: number, now: number): void {
    if (this.#opening) return this.#open(block, now)
    const ahead = (block - this.#arrived) & 0xffff
    if (ahead === 0) return this.#repeated(now)
    // Behind, or beyond what was sent: an old ACK that took its time, or nonsense.
    if (ahead > this.#sentTo - this.#arrived) return
    this.#arrived += ahead
    this.#progress(now)
    if (!this.finished) this.#sendWindow(now)
  }

  /** The same RRQ came again: what answered it was lost. */
  requestedAgain(now: number): void {
    if (!this.#answered && now - this.#sentAt >= patience) this.#again(now)
  }

  /** Called now and then; resends what is late. False: the client is gone. */
  tick(now: number): boolean {
    if (now - this.#progressAt >= (this.#answered ? this.#giveUp : giveUpUnanswered)) return false
    if (now - this.#sentAt < (this.#quiet ? this.#silence : this.#timeout)) return true
    if (!this.#answered && this.#resends >= resendsUnanswered) return true
    this.#quiet = this.#timeout >= this.#longest && this.#resends >= leastQuick
    this.#timeout = Math.min(this.#timeout * 2, this.#longest)
    this.#again(now)
    return true
  }

  #open(block: number, now: number): void {
    if (block !== 0) return
    this.#opening = false
    this.#progress(now)
    this.#sendWindow(now)
  }

  // Where packets were sent twice lately, or nobody knows how long they take, an ACK that comes again is most likely the answer to one of those.
  #repeated(now: number): void {
    const isEcho = this.#echoes || this.#resends > 0 || this.#smoothed === undefined
    if (now - this.#sentAt >= (isEcho ? this.#timeout : Math.max(patience, this.#smoothed!))) this.#again(now)
  }

  #again(now: number): void {
    this.#resends++
    if (this.#opening) return this.#sendOack(now)
    this.#sendWindow(now)
  }

  // Karn: what was sent twice measures nothing, and the longer time stays until something is measured.
  #progress(now: number): void {
    this.#answered = true
    this.#progressAt = now
    if (this.#resends === 0) this.#measure(now - this.#sentAt)
    this.#echoes = this.#resends > 0
    this.#resends = 0
    this.#quiet = false
  }

  #measure(milliseconds: number): void {
    this.#smoothed = this.#smoothed === undefined ? milliseconds : this.#smoothed * 0.875 + milliseconds * 0.125
    this.#timeout = Math.min(Math.max(leastTimeout, 3 * this.#smoothed), this.#longest)
  }

  #sendOack(now: number): void {
    this.#sentAt = now
    this.#send.oack()
  }

  #sendWindow(now: number): void {
    this.#sentAt = now
    const first = this.#arrived + 1
    const count = Math.min(this.#windowsize, this.#last - this.#arrived)
    this.#sentTo = this.#arrived + count
    this.#send.blocks(first, count)
  }
}

/** Longer than the client's own time-out, by more than its packets are under way. */
function silenceFor(timeout = usualSilence): number {
  const longest = Math.max(timeout, usualSilence)
  return longest + Math.min(Math.max(leastMargin, longest / 4), mostMargin)
}

function giveUpFor(silence: number): number {
  const quick = (leastQuick + 1) * mostTimeout
  return quick + Math.max(leastSilences * silence, Math.min(4 * silence, giveUpAtMost))
}
