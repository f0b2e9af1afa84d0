import { Fault } from '../fault.ts'
import { next, type PermitMove, type PermitState } from './lifecycle.ts'

/** The right to wipe one machine once. Times are milliseconds since 1970. */
export interface Permit {
  readonly id: string
  readonly machine: string
  /** The profile that may be installed; another one in the site at claim time is not covered. */
  readonly target: string
  /** What it was when the permit was made, and the digest of all that it said (`ProfileContents`); permits of old versions do not know it. */
  readonly kind?: 'install' | 'image'
  readonly content?: string
  /** The very version of a golden image, `porter:13@sha256:…`, whatever its tag means later. */
  readonly image?: string
  /** What the machine was recognised by when the permit was made (`hardwareOf`); another machine of that name is not covered. */
  readonly hardware?: string
  /** Names of disks that may be wiped although they hold data, apart by blanks; `any`: all of them. */
  readonly disks?: string
  readonly by: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly state: PermitState
  /** The boot session that claimed it, and from which address. */
  readonly session?: string
  readonly address?: string
  readonly claimedAt?: number
  /** The last thing that was seen of the install, for the person who asks why it stopped. */
  readonly lastSeen?: string
  readonly endedAt?: number
  readonly why?: string
}

/** Storage that permits need: durable before `save` returns. */
export interface PermitStore {
  load(): readonly Permit[]
  save(permit: Permit): void
}

/** How long things last, in milliseconds. */
export interface PermitTimes {
  readonly lifetime: number
  readonly install: number
}

export interface Wish {
  readonly machine: string
  readonly target: string
  readonly kind: 'install' | 'image'
  readonly content: string
  readonly image?: string
  readonly hardware?: string
  readonly disks?: string
  readonly by: string
  /** Give up a permit that another boot session has claimed, and make a new one. */
  readonly again?: boolean
}

/** By how much a clock may have been set back before what it wrote is in doubt, in milliseconds. */
const setBack = 3600_000

/**
 * Whether the time of an open permit is over. Also when it began long after now: the clock was wrong then or is wrong now, and a permit
 * that was to hold for a day would hold for a year.
 */
export function isLate(permit: Permit, now: number, install: number): boolean {
  const { state, createdAt, expiresAt, claimedAt = createdAt } = permit
  const [from, to] = state === 'armed' ? [createdAt, expiresAt] : [claimedAt, claimedAt + install]
  return now >= to || now < from - setBack
}

/** The newest permit of every machine. A machine without one boots its disk. */
export class Permits {
  readonly #store: PermitStore
  readonly #newest = new Map<string, Permit>()
  readonly #open = new Set<string>()

  constructor(store: PermitStore) {
    this.#store = store
    for (const permit of store.load()) this.#remember(permit)
  }

  of(machine: string): Permit | undefined {
    return this.#newest.get(machine)
  }

  /** The same wish twice is one permit. */
  arm(wish: Wish, times: PermitTimes, now: number, id: string): { readonly permit: Permit; readonly made: boolean } {
    const old = this.#newest.get(wish.machine)
    if (old?.state === 'armed' && !isLate(old, now, 0)) return this.#keepOrRetarget(old, wish, times, now, id)
    if (old?.state === 'claimed') this.#giveUp(old, wish, now)
    return { permit: this.#make(wish, times, now, id), made: true }
  }

  /** Binds an armed permit to one boot session. Durable when it returns; the same session may ask again. */
  claim(machine: string, session: string, address: string | undefined, now: number): Permit | undefined {
    const permit = this.#newest.get(machine)
    if (permit?.state === 'claimed' && permit.session === session) return permit
    if (permit?.state !== 'armed' || isLate(permit, now, 0)) return undefined
    return this.#move(permit, 'claim', { session, claimedAt: now, ...(address !== undefined && { address }) })
  }

  /** Those that are armed or claimed. */
  get open(): readonly Permit[] {
    return [...this.#open].map((machine) => this.#newest.get(machine)!)
  }

  /** Ends a permit; undefined when the lifecycle does not know that move. */
  end(machine: string, move: Exclude<PermitMove, 'claim'>, now: number, why?: string): Permit | undefined {
    const permit = this.#newest.get(machine)
    if (!permit || !next(permit.state, move)) return undefined
    return this.#move(permit, move, { endedAt: now, ...(why !== undefined && { why }) })
  }

  /** Takes back all that are open. */
  withdrawAll(now: number, why: string): Permit[] {
    return this.open.map((permit) => this.#move(permit, 'withdraw', { endedAt: now, why }))
  }

  /** Remembers the last thing seen of a claimed install. A boot never stops because that cannot be written. */
  seen(machine: string, what: string): void {
    const permit = this.#newest.get(machine)
    if (permit?.state !== 'claimed' || permit.lastSeen === what) return
    const seen = { ...permit, lastSeen: what }
    try {
      this.#save(seen)
    } catch {
      this.#remember(seen)
    }
  }

  /** Closes what has waited too long: armed ones expire, installs that never reported fail. Only open permits are looked at. */
  expire(times: PermitTimes, now: number): Permit[] {
    const ended: Permit[] = []
    for (const machine of this.#open) {
      const permit = this.#newest.get(machine)!
      if (isLate(permit, now, times.install))
        ended.push(this.#move(permit, 'expire', { endedAt: now, why: lateBecause(permit) }))
    }
    return ended
  }

  #keepOrRetarget(
    old: Permit,
    wish: Wish,
    times: PermitTimes,
    now: number,
    id: string,
  ): { permit: Permit; made: boolean } {
    if (sameWish(old, wish)) return { permit: old, made: false }
    this.end(wish.machine, 'withdraw', now, `replaced by a wish for ${wish.image ?? wish.target}`)
    return { permit: this.#make(wish, times, now, id), made: true }
  }

  #giveUp(old: Permit, wish: Wish, now: number): void {
    if (!wish.again) {
      throw new Fault('permit-conflict', `${wish.machine} is being installed by boot session ${old.session}`, {
        hint: 'wait for its end, or say --again to give that install up and allow a new one',
      })
    }
    this.end(wish.machine, 'withdraw', now, 'given up for a new install')
  }

  #make(wish: Wish, times: PermitTimes, now: number, id: string): Permit {
    const { machine, target, kind, content, image, hardware, disks, by } = wish
    const bound = {
      ...(image !== undefined && { image }),
      ...(hardware !== undefined && { hardware }),
      ...(disks !== undefined && { disks }),
    }
    const expiresAt = now + times.lifetime
    return this.#save({ id, machine, target, kind, content, ...bound, by, createdAt: now, expiresAt, state: 'armed' })
  }

  #move(permit: Permit, move: PermitMove, change: Partial<Permit>): Permit {
    return this.#save({ ...permit, ...change, state: next(permit.state, move)! })
  }

  #save(permit: Permit): Permit {
    this.#store.save(permit)
    this.#remember(permit)
    return permit
  }

  #remember(permit: Permit): void {
    this.#newest.set(permit.machine, permit)
    if (permit.state === 'armed' || permit.state === 'claimed') this.#open.add(permit.machine)
    else this.#open.delete(permit.machine)
  }
}

function sameWish(permit: Permit, wish: Wish): boolean {
  const bound = ['target', 'kind', 'content', 'image', 'hardware', 'disks'] as const
  return bound.every((key) => permit[key] === wish[key])
}

function lateBecause(permit: Permit): string {
  if (permit.state === 'armed') return 'the machine did not come in time'
  return `it did not say done in time; last seen: ${permit.lastSeen ?? 'its menu was fetched'}`
}
