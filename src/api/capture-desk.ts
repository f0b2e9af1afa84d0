import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../fault.ts'
import { serverUrl, type Golden, type House } from '../files/house.ts'
import type { Desk } from '../http/door.ts'
import type { Exchange } from '../http/exchange.ts'
import { problemOf, sentenceOf } from '../http/problem.ts'
import { closing, replyBytes, replyText } from '../http/reply.ts'
import { capture, type Captured } from '../image/capture.ts'
import { captureScript, ScriptCapture } from '../image/capture-script.ts'
import { isImageName, isTag } from '../image/reference.ts'

export interface CaptureWish {
  /** `porter`, or `porter:TAG`. */
  readonly as: string
  readonly keep: readonly string[]
  readonly exclude: readonly string[]
  /** Who lets the machine do it. */
  readonly by: string
}

export interface CaptureOffer {
  readonly token: string
  /** As this host calls itself; the machine may need another name for it. */
  readonly url: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

interface Open extends CaptureOffer, CaptureWish {
  /** The address that asked first: the token is good for no other. */
  from?: string
  machine?: ScriptCapture
  done?: Promise<Captured>
  heardAt: number
}

const lifetime = 3600_000
/** A machine that is silent for so long has been switched off. */
const patience = 600_000
const mostOpen = 100

/** `/c/<token>`: a machine that captures itself, `echo url=http://server/c/<token> | curl -fsSK - | sh`. A token is one capture. */
export class CaptureDesk implements Desk {
  readonly #house: House
  readonly #golden: Golden
  readonly #open = new Map<string, Open>()
  readonly #onError: (error: unknown) => void

  constructor(house: House, golden: Golden, onError: (error: unknown) => void = () => {}) {
    this.#house = house
    this.#golden = golden
    this.#onError = onError
  }

  /** Throws `request-invalid` for a name that is none. */
  offer(wish: CaptureWish): CaptureOffer {
    const [name = '', tag] = wish.as.split(':')
    if (!isImageName(name) || (tag !== undefined && !isTag(tag)))
      throw new Fault('request-invalid', `${JSON.stringify(wish.as)} is no name for an image`, {
        hint: 'write NAME or NAME:VERSION, in small letters',
      })
    this.#forgetLate()
    if (this.#open.size >= mostOpen)
      throw new Fault('image-busy', 'too many captures are waiting for their machines', {
        hint: 'let them run, or wait an hour',
      })
    const token = randomBytes(20).toString('hex')
    const now = this.#house.now()
    const offer = { token, url: `${serverUrl(this.#house, undefined)}/c/${token}`, expiresAt: now + lifetime }
    this.#open.set(token, { ...wish, ...offer, heardAt: now })
    return offer
  }

  answer(exchange: Exchange): void {
    this.#answer(exchange).catch((error: unknown) => this.#fail(exchange, error))
  }

  async #answer(exchange: Exchange): Promise<void> {
    const [, token = '', step = ''] = exchange.name.split('/')
    this.#forgetLate()
    const open = this.#open.get(token)
    if (!open)
      throw new Fault('token-unknown', 'no capture has that token; it is good for one, within an hour', {
        hint: 'birnam image capture-script makes another',
      })
    this.#bind(open, exchange.connection.peer.address)
    open.heardAt = this.#house.now()
    const method = exchange.request.method ?? 'GET'
    const reply = await this.#step(open, method === 'PUT' ? step : `get ${step}`, exchange)
    if (reply === undefined) throw new Fault('request-invalid', 'nothing is answered at this path')
    const bytes = Buffer.from(reply)
    exchange.inOne(bytes.length)
    replyBytes(exchange.response, bytes, 'application/octet-stream')
  }

  /** The first who asks is the machine that was meant; whoever reads the token later, on another host, gets nothing. */
  #bind(open: Open, address: string): void {
    open.from ??= address
    if (open.from === address) return
    const why = `asked from ${address}, and it belongs to ${open.from}, which asked first`
    const event = { at: this.#house.now(), type: 'image.refused', detail: { as: open.as, from: address, why } }
    this.#house.journal.recordSeldom(event, address)
    throw new Fault('token-unknown', `this capture is refused: ${why}`, {
      hint: 'birnam image capture-script makes another',
    })
  }

  async #step(open: Open, step: string, exchange: Exchange): Promise<string | Uint8Array | undefined> {
    const { peer } = exchange.connection
    const body = this.#hearing(open, exchange.request)
    if (step === 'get ') return captureScript(`${serverUrl(this.#house, peer.address)}/c/${open.token}`)
    if (step === 'probe' && !open.machine) return this.#begin(open, peer.address).probe(body)
    const { machine, done } = open
    if (!machine || !done) throw new Fault('request-invalid', 'a capture begins with its probe')
    switch (step) {
      case 'list':
        return machine.list(body)
      case 'get pack':
        return machine.packShell()
      case 'tar':
        await machine.tar(body)
        return ''
      case 'end':
        await machine.end(body)
        return this.#end(open, done)
      default:
        return undefined
    }
  }

  /** The bytes as they come, each a sign of life. */
  async *#hearing(open: Open, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of bytes) {
      open.heardAt = this.#house.now()
      yield chunk
    }
  }

  #begin(open: Open, from: string): ScriptCapture {
    const machine = new ScriptCapture(from)
    open.machine = machine
    const { as, by, keep, exclude } = open
    const { store, trees } = this.#golden
    open.done = capture(store, machine.source, { as, keep, exclude, cache: trees }).then(
      (captured) => {
        machine.nothingToPack()
        this.#tell('image.captured', {
          as,
          by,
          from,
          version: captured.version?.tags[0] ?? 'none: nothing has changed',
        })
        return captured
      },
      (error: unknown) => {
        this.#tell('image.failed', { as, by, from, why: sentenceOf(problemOf(error)) })
        this.#open.delete(open.token)
        throw machine.abort(error)
      },
    )
    open.done.catch(() => undefined)
    void this.#watch(open, machine)
    return machine
  }

  async #end({ token, as }: Open, done: Promise<Captured>): Promise<string> {
    const { version } = await done
    this.#open.delete(token)
    return version
      ? `${version.name}:${version.tags[0] ?? ''} is kept\n`
      : `nothing has changed since the last version of ${as}\n`
  }

  /** Ends a capture whose machine has fallen silent. */
  async #watch(open: Open, machine: ScriptCapture): Promise<void> {
    while (this.#open.get(open.token) === open) {
      await sleep(10_000, undefined, { ref: false })
      if (this.#house.now() - open.heardAt < patience || (await hasEnded(open.done!))) continue
      machine.abort(new Fault('capture-failed', 'the machine fell silent'))
    }
  }

  /** A clock is set back: what nobody has begun opens nothing more, late or not. */
  endWaiting(): void {
    for (const open of this.#open.values()) if (!open.machine) this.#open.delete(open.token)
  }

  #forgetLate(): void {
    for (const open of this.#open.values())
      if (!open.machine && isLate(open, this.#house.now())) this.#open.delete(open.token)
  }

  #tell(type: string, detail: Readonly<Record<string, string>>): void {
    this.#house.journal.record({ at: this.#house.now(), type, detail })
  }

  #fail(exchange: Exchange, error: unknown): void {
    const problem = problemOf(error)
    exchange.note('refused', sentenceOf(problem))
    if (problem.status >= 500) this.#onError(error)
    const { response, request } = exchange
    if (response.headersSent) return void response.destroy()
    replyText(response, problem.status, sentenceOf(problem), request.complete ? [] : closing)
  }
}

/** Also when it was offered after now: then the clock was set back. */
function isLate({ expiresAt }: CaptureOffer, now: number): boolean {
  return now >= expiresAt || now < expiresAt - lifetime
}

async function hasEnded(done: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  const first = await Promise.race([done.catch(() => undefined), Promise.resolve(pending)])
  return first !== pending
}
