import { withoutEnd } from '../config/without-end.ts'
import { Fault } from '../fault.ts'
import { isOwnRealm, isUnheard } from './credentials.ts'

export interface RegistryClientOptions {
  /** `http://registry.example.org:5000`, with a path when the images stand below one. */
  readonly url: string
  readonly user?: string
  readonly password?: string
  /** Milliseconds until the first byte of an answer. */
  readonly patience?: number
}

/** What is sent: a whole body, so that it can be sent again after a challenge. */
export interface RegistryRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** Speaks HTTP with another registry: credentials, challenges, and failures as Faults that never hold the password. */
export class RegistryClient {
  readonly #origin: URL
  /** `birnam/`, before every name; empty when the URL has no path. */
  readonly prefix: string
  readonly #options: RegistryClientOptions
  readonly #tokens = new Map<string, { readonly token: string; readonly until: number }>()

  /** Throws `config-invalid`. */
  constructor(options: RegistryClientOptions) {
    const url = URL.parse(options.url)
    if (!url || !/^https?:$/.test(url.protocol))
      throw new Fault('config-invalid', 'the registry is no http:// or https:// URL', { field: 'images.registry' })
    if (options.password !== undefined && !isUnheard(url))
      throw new Fault('config-invalid', `the password of the registry ${url.host} would go there readable for all`, {
        field: 'images.registry',
        hint: 'write https://: a password goes only over TLS, or to this host itself',
      })
    this.#options = options
    this.#origin = new URL('/', url.origin)
    const path = withoutEnd(url.pathname.replace(/^\/+/, ''), '/')
    this.prefix = path === '' ? '' : `${path}/`
  }

  get host(): string {
    return this.#origin.host
  }

  /** `path` after `/v2/`, or a whole URL that the registry gave. Any status comes back; no answer at all is `registry-failed`. */
  async ask(path: string | URL, request: RegistryRequest = {}): Promise<Response> {
    const url = path instanceof URL ? path : new URL(`/v2/${path}`, this.#origin)
    const repository = /^\/v2\/(.+?)\/(?:blobs|manifests|tags|referrers)\//.exec(url.pathname)?.[1] ?? ''
    const first = await this.#send(url, request, this.#authorization(url, repository))
    if (first.status !== 401) return first
    const challenge = first.headers.get('www-authenticate') ?? ''
    await first.body?.cancel()
    if (!(await this.#answer(challenge, repository))) return first
    return this.#send(url, request, this.#authorization(url, repository))
  }

  /** As `ask`, but every status that is not among these is `registry-failed`. */
  async expect(statuses: readonly number[], path: string | URL, request: RegistryRequest = {}): Promise<Response> {
    const response = await this.ask(path, request)
    if (statuses.includes(response.status)) return response
    const text = (await response.text().catch(() => '')).replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 200)
    throw this.#fault(`answered ${response.status} to a ${request.method ?? 'GET'}: ${text}`)
  }

  /** A Location that the registry gave, absolute or not. */
  follow(location: string | null): URL {
    const url = URL.parse(location ?? '', this.#origin)
    if (location === null || !url) throw this.#fault('did not say where the upload goes on')
    return url
  }

  async #send(
    url: URL,
    { method = 'GET', headers, body }: RegistryRequest,
    authorization: string | undefined,
  ): Promise<Response> {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), this.#options.patience ?? 60_000)
    try {
      return await fetch(url, {
        method,
        headers: { ...headers, ...(authorization !== undefined && { authorization }) },
        signal: late.signal,
        ...(body && { body: new Uint8Array(body) }),
      })
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
      throw this.#fault(
        late.signal.aborted ? 'does not answer' : `cannot be reached: ${(cause as Error).message}`,
        error,
      )
    } finally {
      clearTimeout(timer)
    }
  }

  /** Never to another host than the registry itself: a Location may name any. */
  #authorization(url: URL, repository: string): string | undefined {
    if (url.origin !== this.#origin.origin) return undefined
    const known = this.#tokens.get(repository)
    if (known && known.until > Date.now()) return `Bearer ${known.token}`
    return this.#basic()
  }

  #basic(): string | undefined {
    const { user, password } = this.#options
    return password === undefined ? undefined : `Basic ${Buffer.from(`${user ?? ''}:${password}`).toString('base64')}`
  }

  /** Docker's token protocol (distribution, "Token Authentication Specification"). */
  async #answer(challenge: string, repository: string): Promise<boolean> {
    if (!/^bearer /i.test(challenge)) return false
    const words = Object.fromEntries(
      [...challenge.matchAll(/\b([a-z]{1,40})="([^"]{0,4000})"/gi)].map(([, key, value]) => [key, value]),
    )
    const realm = URL.parse(words.realm ?? '', this.#origin)
    if (!realm) return false
    if (words.service !== undefined) realm.searchParams.set('service', words.service)
    if (repository !== '') realm.searchParams.set('scope', `repository:${repository}:pull,push`)
    const basic = this.#basic()
    if (basic !== undefined && !isOwnRealm(realm, this.#origin))
      throw this.#fault(`asks for its password at ${realm.origin}, which is not its own host by TLS: it is not sent`)
    const response = await this.#send(realm, {}, basic)
    const answer = (await response.json().catch(() => ({}))) as {
      token?: unknown
      access_token?: unknown
      expires_in?: unknown
    }
    const token = answer.token ?? answer.access_token
    if (!response.ok || typeof token !== 'string') return false
    const seconds = typeof answer.expires_in === 'number' ? answer.expires_in : 60
    this.#tokens.set(repository, { token, until: Date.now() + Math.max(10, seconds - 10) * 1000 })
    return true
  }

  #fault(what: string, cause?: unknown): Fault {
    return new Fault('registry-failed', `the registry ${this.host} ${what}`, {
      hint: 'look at its log; check images.registry and its credentials',
      ...(cause !== undefined && { cause }),
    })
  }
}
