import { Fault } from '../fault.ts'
import type { Elsewhere, Said } from '../files/house.ts'
import { readPixiecoreReply } from '../menu/pixiecore-reply.ts'
import type { Mac } from '../net/mac.ts'

/** Milliseconds that an API may take. */
const patience = 5000
/** Milliseconds after which it is asked again: one boot asks several times, and the next boot may hear something else. */
const freshFor = 10_000
const mostAtOnce = 64
const mostKept = 10_000
const longest = 64 * 1024

interface Kept {
  said: Said
  /** When it was said; when it was asked, until then. */
  at: number
  asking?: Promise<void>
}

/** Asks other programs' APIs what a machine shall boot, in the manner of pixiecore: `GET PREFIX/v1/boot/MAC`. */
export class PixiecoreDesk implements Elsewhere {
  readonly #kept = new Map<string, Kept>()
  readonly #now: () => number
  #open = 0

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  ask(api: string, mac: Mac): Said {
    return this.#question(`${api}/v1/boot/${mac}`, api)?.said ?? { state: 'asking' }
  }

  async learn(api: string, mac: Mac): Promise<Said> {
    const question = this.#question(`${api}/v1/boot/${mac}`, api)
    await question?.asking
    return question?.said ?? { state: 'asking' }
  }

  /** Undefined while too many others are asked: whoever asks comes again. */
  #question(url: string, api: string): Kept | undefined {
    const known = this.#kept.get(url)
    if (known && (known.said.state === 'asking' || Math.abs(this.#now() - known.at) < freshFor)) return known
    if (this.#open >= mostAtOnce) return undefined
    const kept: Kept = { said: { state: 'asking' }, at: this.#now() }
    this.#kept.delete(url)
    if (this.#kept.size >= mostKept) this.#kept.delete(this.#kept.keys().next().value!)
    this.#kept.set(url, kept)
    kept.asking = this.#hear(url, api, kept)
    return kept
  }

  async #hear(url: string, api: string, kept: Kept): Promise<void> {
    this.#open += 1
    try {
      kept.said = { state: 'boot', ...readPixiecoreReply(await fetchText(url), api) }
    } catch (error) {
      kept.said = { state: 'refused', why: `${url}: ${error instanceof Fault ? error.message : reasonOf(error)}` }
    } finally {
      this.#open -= 1
      kept.at = this.#now()
    }
  }
}

async function fetchText(url: string): Promise<string> {
  const reply = await fetch(url, { signal: AbortSignal.timeout(patience) })
  if (reply.status !== 200) {
    await reply.body?.cancel()
    throw new Error(`it says ${reply.status}, which is to leave the machine alone`)
  }
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of reply.body ?? []) {
    pieces.push(piece)
    bytes += piece.length
    if (bytes > longest) throw new Error('its reply is longer than 64 KiB')
  }
  return Buffer.concat(pieces).toString()
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${patience / 1000} s`
  return error.cause instanceof Error ? error.cause.message : error.message
}
