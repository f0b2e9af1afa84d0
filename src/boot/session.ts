import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Asker, Client } from './client.ts'
import { readMac, type Mac } from '../net/mac.ts'
import type { RelayPort } from '../net/relay-port.ts'

/** How far a boot came. The order is the order of one boot. */
export const stages = ['started', 'loader', 'menu', 'kernel', 'answer', 'report'] as const
export type Stage = (typeof stages)[number]

/** One boot, from its DISCOVER to its last report. */
export interface Session {
  readonly id: string
  readonly mac: Mac
  /** Milliseconds since 1970; it is part of the id. */
  readonly startedAt: number
  stage: Stage
  stageAt: number
  /** Which program asked for its first address, and as which architecture (option 93). */
  asker?: Asker
  arch?: number | undefined
  /** As its ROM said, for a machine that is known by nothing else. It is not in the id: a restart forgets it. */
  uuid?: string | undefined
  /** As its loader read it from the board, while it waited for a name. */
  serial?: string | undefined
  /** The entry of its menu that was chosen at its console. */
  chosen?: string | undefined
  /** The port that it hung on, as its relay said; forgotten likewise, but for its lease. */
  relay?: RelayPort | undefined
  /** When its machine was last heard of: by its DISCOVER, or from its own address. */
  heardAt: number
  /** The last menu that its machine was given is one that it waits at. */
  waits?: boolean
  /** The permit that it has claimed. A restart forgets it, and the permit itself does not. */
  claimed?: string
  /** Its machine went on from its menu: it has a kernel or an answer, reported, or has booted again. */
  gone?: boolean
}

const forgetAfter = 24 * 3600_000
/** A machine that was silent for so long waits at no menu any more, in milliseconds. */
const patience = 3600_000
const remembered = 100_000

/**
 * Sessions by MAC and by id. The id and the token are HMACs under the server's key, so a restart knows them again without
 * having written anything. The id travels in DHCP, in the open; the token only in the session's own menu.
 */
export class Sessions {
  readonly #key: Buffer
  readonly #tokenKey: Buffer
  readonly #byMac: Map<Mac, Session>
  /** How often the clock was set back: what was signed before opens nothing. */
  #era: () => number = () => 0

  constructor(key: Buffer, tokenKey: Buffer = key, byMac: Map<Mac, Session> = new Map()) {
    this.#key = key
    this.#tokenKey = tokenKey
    this.#byMac = byMac
  }

  /** Whatever is given in one era opens nothing in another; it is asked at each signature, and looks at the clock. */
  follow(era: () => number): void {
    this.#era = era
  }

  /** Forgets every boot. */
  forget(): void {
    this.#byMac.clear()
  }

  /** The same sessions, whose tokens are made with another key and open nothing: for a forecast that is shown to people. */
  withTokensOf(tokenKey: Buffer): Sessions {
    const shown = new Sessions(this.#key, tokenKey, this.#byMac)
    shown.#era = this.#era
    return shown
  }

  current(mac: Mac): Session | undefined {
    return this.#byMac.get(mac)
  }

  /**
   * The session for a PXE client that asks for an address. ROM, chained loader and retries of one boot share a session; a ROM
   * that comes back after its menu was given, or as another architecture, or long after it had its loader, has booted again. A claim says that
   * after a restart of this server, too.
   */
  arriving(mac: Mac, now: number, claim?: { readonly session?: string }, who?: Arriving): Session {
    const session = this.#byMac.get(mac)
    if (session && !bootedAgain(session, now, session.id === claim?.session) && !isAnother(session, now, who)) {
      session.heardAt = now
      return session
    }
    // Two boots never share an id, not even within a millisecond.
    const made = this.#make(mac, Math.max(now, (session?.startedAt ?? 0) + 1))
    if (who) Object.assign(made, { asker: who.asker, arch: who.arch })
    return this.#remember(made)
  }

  /** The session that would begin now; nothing remembers it. */
  imagined(mac: Mac, now: number): Session {
    return this.#make(mac, now)
  }

  /** Undefined for an id that this server never gave, or that is older than a day. `dry`: a forecast, which nothing remembers. */
  find(id: string, now: number, dry = false): Session | undefined {
    const parts = /^([0-9a-f]{12})-([0-9a-z]{8,9})-([0-9a-f]{20})$/.exec(id)
    const mac = parts && readMac(parts[1]!)
    if (!parts || !mac) return undefined
    const known = this.#byMac.get(mac)
    if (known?.id === id) return known
    const startedAt = Number.parseInt(parts[2]!, 36)
    if (!same(id, this.#idOf(mac, startedAt)) || Math.abs(now - startedAt) > forgetAfter) return undefined
    // From before a restart, or an old one that somebody kept: a ROM that asks now begins another boot, with a token that nobody has seen.
    const session: Session = { ...this.#make(mac, startedAt), stage: 'menu' }
    if (known && known.startedAt > session.startedAt) return { ...session, gone: true }
    return dry ? session : this.#remember(session)
  }

  tokenOf(session: Session): string {
    return `${session.id}.${this.#sign('token', session.id, 32, this.#tokenKey)}`
  }

  byToken(token: string, now: number, dry = false): Session | undefined {
    const [id = '', signature = '', ...more] = token.split('.', 3)
    if (more.length > 0) return undefined
    return same(signature, this.#sign('token', id, 32, this.#tokenKey)) ? this.find(id, now, dry) : undefined
  }

  /** A signature under the server's key for another purpose; no two purposes share one. It is good for ever. */
  seal(purpose: string, text: string): string {
    return hmac(this.#tokenKey, purpose, text).slice(0, 32)
  }

  /** The same, good until the clock is set back. */
  sealForNow(purpose: string, text: string): string {
    return this.#sign(purpose, text, 32, this.#tokenKey)
  }

  #make(mac: Mac, startedAt: number): Session {
    return { id: this.#idOf(mac, startedAt), mac, startedAt, stage: 'started', stageAt: startedAt, heardAt: startedAt }
  }

  #idOf(mac: Mac, startedAt: number): string {
    const head = `${mac.replaceAll(':', '')}-${startedAt.toString(36)}`
    return `${head}-${this.#sign('session', head, 20)}`
  }

  #sign(purpose: string, text: string, digits: number, key: Buffer = this.#key): string {
    const era = this.#era()
    return hmac(key, era === 0 ? purpose : `${purpose} ${era}`, text).slice(0, digits)
  }

  #remember(session: Session): Session {
    this.#byMac.delete(session.mac)
    this.#byMac.set(session.mac, session)
    if (this.#byMac.size > remembered) this.#byMac.delete(this.#byMac.keys().next().value!)
    return session
  }
}

/** Moves a session on; a step back (a menu fetched twice) changes nothing. */
export function reach(session: Session, stage: Stage, now: number): void {
  if (stages.indexOf(stage) < stages.indexOf(session.stage)) return
  session.stage = stage
  session.stageAt = now
}

/** A boot whose machine has fallen silent is over, whoever asks under its name later. */
export function hear(session: Session, now: number): void {
  if (isSilent(session, now)) session.gone = true
  session.heardAt = now
}

/**
 * Why a boot may not claim a permit that was made at `armedAt`; undefined when it may. Its name, and in a live system its token, can be known to
 * others later: so only while it is under way to its menu, and one that began before the permit only while it waits there.
 */
export function whyNotClaim(session: Session, armedAt: number, now: number): string | undefined {
  if (session.gone) return 'this boot has gone on from its menu: only the next one may be installed'
  if (isSilent(session, now)) return 'nothing was heard of this boot for an hour: only the next one may be installed'
  const waits = session.waits || stages.indexOf(session.stage) < stages.indexOf('menu')
  if (session.startedAt >= armedAt || waits) return undefined
  return 'this boot began before the permit was made, and waits at no menu: only the next one may be installed'
}

function isSilent({ heardAt }: Session, now: number): boolean {
  return Math.abs(now - heardAt) > patience
}

/** `s/<id>/`: what the offered file name begins with, and what every name of this boot is relative to. */
export function pathOf(session: Session): string {
  return `s/${session.id}/`
}

/** Nothing of one boot asks for an address as a ROM after the menu was given. */
function bootedAgain(session: Session, now: number, claimed: boolean): boolean {
  if (claimed || session.gone || now - session.startedAt > forgetAfter) return true
  return stages.indexOf(session.stage) >= stages.indexOf('menu')
}

/** What tells one try to boot from the next. */
export type Arriving = Pick<Client, 'asker' | 'arch'>

/** Milliseconds of silence after a loader was fetched, behind which nobody goes on with that loader. */
const silence = 60_000

function isAnother({ asker, arch, stage, stageAt }: Session, now: number, who: Arriving | undefined): boolean {
  if (stage !== 'started' && now - stageAt > silence) return true
  if (!who || asker === undefined || who.arch === undefined || arch === undefined) return false
  // A loader may call itself something else than the ROM that started it.
  return who.asker === asker && who.arch !== arch
}

function hmac(key: Buffer, purpose: string, text: string): string {
  return createHmac('sha256', key).update(`${purpose}\0${text}`).digest('hex')
}

function same(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)]
  return one.length === other.length && timingSafeEqual(one, other)
}
