import type { Exchange } from '../../src/http/exchange.ts'
import { openHttp, type HttpServer } from '../../src/http/server.ts'
import type { Gatekeeper } from '../../src/http/registry-gate.ts'
import { RegistryDesk, type RegistryOptions } from '../../src/http/registry.ts'
import type { Limits } from '../../src/http/limits.ts'
import type { Transfer } from '../../src/net/content.ts'
import { digestOfBytes, Layout } from './layout.ts'

/** `operator` pushes and pulls everything, `machine` pulls porter alone. */
export const gate: Gatekeeper = {
  isKnown: ({ token }) => token === 'operator' || token === 'machine',
  mayPull: (name, { token }) => token === 'operator' || (token === 'machine' && name === 'porter'),
  mayPush: (_name, { token }) => token === 'operator',
}

/** A layout behind /v2/ on a free port of 127.0.0.1; everything is gone after it. */
export class Served implements AsyncDisposable {
  readonly layout: Layout
  readonly desk: RegistryDesk
  readonly server: HttpServer
  readonly transfers: Transfer[]
  readonly errors: unknown[]
  /** `HEAD porter/manifests/1`, each before it is answered. */
  readonly asked: string[] = []
  /** What an answer waits for. */
  before: (asked: string) => Promise<void> | undefined = () => undefined

  private constructor(
    layout: Layout,
    desk: RegistryDesk,
    server: HttpServer,
    transfers: Transfer[],
    errors: unknown[],
  ) {
    this.layout = layout
    this.desk = desk
    this.server = server
    this.transfers = transfers
    this.errors = errors
  }

  static async open(options: Partial<RegistryOptions> & { readonly http?: Partial<Limits> } = {}): Promise<Served> {
    const layout = new Layout()
    const { http = {}, ...rest } = options
    const errors: unknown[] = []
    const desk = new RegistryDesk({
      store: layout.store,
      gate,
      now: () => layout.now,
      onError: (error) => errors.push(error),
      ...rest,
    })
    const transfers: Transfer[] = []
    const server = await openHttp({
      address: '127.0.0.1',
      port: 0,
      source: { find: () => undefined },
      desks: new Map([['v2', { answer: (exchange, query) => void served.#answer(exchange, query) }]]),
      onEnd: (transfer) => transfers.push(transfer),
      limits: { grace: 100, ...http },
    })
    const served: Served = new Served(layout, desk, server, transfers, errors)
    return served
  }

  async #answer(exchange: Exchange, query: URLSearchParams): Promise<void> {
    const asked = `${exchange.request.method} ${exchange.name.slice('v2/'.length)}`
    this.asked.push(asked)
    const wait = this.before(asked)
    if (wait) await wait
    this.desk.answer(exchange, query)
  }

  get host(): string {
    return `127.0.0.1:${this.server.port}`
  }

  /** As the operator, unless told otherwise. */
  ask(method: string, path: string, init: RequestInit & { readonly token?: string } = {}): Promise<Response> {
    const { token = 'operator', ...rest } = init
    const headers = { authorization: `Bearer ${token}`, ...(rest.headers as Record<string, string> | undefined) }
    return fetch(`http://${this.host}/v2/${path}`, { ...rest, method, headers, redirect: 'manual' })
  }

  /** The status and the code of a refusal. */
  async no(method: string, path: string, init: RequestInit & { readonly token?: string } = {}): Promise<string> {
    const answer = await this.ask(method, path, init)
    const body = (await answer.json()) as { errors: { code: string; message: string }[] }
    return `${answer.status} ${body.errors[0]!.code}`
  }

  /** Starts an upload; its path after `/v2/`. */
  async upload(name = 'porter'): Promise<string> {
    const answer = await this.ask('POST', `${name}/blobs/uploads/`)
    if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`)
    return answer.headers.get('location')!.slice('/v2/'.length)
  }

  /** Pushes blobs, as a client does before their manifest. */
  async bring(name: string, ...blobs: readonly string[]): Promise<void> {
    for (const body of blobs) {
      const answer = await this.ask('POST', `${name}/blobs/uploads/?digest=${digestOfBytes(body)}`, { body })
      if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close()
    await this.desk[Symbol.asyncDispose]()
    this.layout[Symbol.dispose]()
  }
}
