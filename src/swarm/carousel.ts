/** `waiting` for others, `sending`; then `done` or `failed` (what arrived counts all the same), or `alone`: nobody else came. */
export type RoundState = 'waiting' | 'sending' | 'done' | 'failed' | 'alone'

/** Sends an image to all of a round, each known by a number of 32 bits, and ends when all have it or are given up. */
export type Send = (image: string, uids: readonly number[], signal: AbortSignal) => Promise<void>

interface Member {
  /** The number of the machine. */
  readonly uid: number
  /** Whether it may have the image still, asked when the round begins. */
  readonly mayGoOn: () => boolean
}

interface Going {
  /** By boot session. */
  readonly members: Map<string, Member>
  state: RoundState
}

/** How long a finished round is remembered, so that each member hears its end. */
const memory = 10 * 60_000

/**
 * Rounds of multicast, one for an image at a time. The first machine that comes opens a round; those that come within the wait are in it, and
 * later ones are told so: they do not wait, they pull.
 */
export class Carousel {
  readonly #send: Send
  readonly #wait: () => number
  readonly #rounds = new Map<string, Going>()
  readonly #stop = new AbortController()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #sending = new Set<Promise<void>>()

  /** `wait` in milliseconds, asked when a round opens. */
  constructor(send: Send, wait: () => number) {
    this.#send = send
    this.#wait = wait
  }

  /** Joins the round that waits, or tells how that goes in which this session is. Undefined: one is under way without it. */
  join(image: string, session: string, uid: number, mayGoOn: () => boolean = () => true): RoundState | undefined {
    const member = { uid, mayGoOn }
    const going = this.#rounds.get(image)
    if (!going || (isOver(going.state) && !going.members.has(session))) return this.#open(image, session, member)
    if (going.state === 'waiting') going.members.set(session, member)
    return going.members.has(session) ? going.state : undefined
  }

  /** Machines of a round that goes on pull the rest by themselves. */
  async close(): Promise<void> {
    this.#stop.abort()
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.allSettled(this.#sending)
  }

  #open(image: string, session: string, member: Member): RoundState {
    const round: Going = { members: new Map([[session, member]]), state: 'waiting' }
    this.#rounds.set(image, round)
    this.#after(this.#wait(), () => {
      const sending = this.#run(image, round)
      this.#sending.add(sending)
      void sending.finally(() => this.#sending.delete(sending))
    })
    return 'waiting'
  }

  async #run(image: string, round: Going): Promise<void> {
    const uids = [...new Set([...round.members.values()].filter(({ mayGoOn }) => mayGoOn()).map(({ uid }) => uid))]
    round.state = uids.length > 1 ? 'sending' : 'alone'
    try {
      if (round.state === 'sending') await this.#send(image, uids, this.#stop.signal)
      if (round.state === 'sending') round.state = 'done'
    } catch {
      round.state = 'failed'
    }
    this.#after(memory, () => {
      if (this.#rounds.get(image) === round) this.#rounds.delete(image)
    })
  }

  #after(milliseconds: number, then: () => void): void {
    if (this.#stop.signal.aborted) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      then()
    }, milliseconds)
    timer.unref()
    this.#timers.add(timer)
  }
}

function isOver(state: RoundState): boolean {
  return state !== 'waiting' && state !== 'sending'
}
