import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '../fault.ts'
import { diskFault, isAbsent } from './durable.ts'
import { keepSecret, replaceSecret } from './registry-token.ts'

const tokenFile = z.strictObject({
  /** SHA-256 of the token, in hex: whoever reads the file cannot use it. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  may: z.enum(['pull', 'push']),
  /** Names of images, or `team/*` for all below; empty means every image. */
  images: z.array(z.string()),
  by: z.string(),
  /** Milliseconds since 1970, as `expiresAt`. */
  createdAt: z.number(),
  expiresAt: z.number().optional(),
  /** It had come to its end when the clock was set back. */
  shut: z.literal(true).optional(),
})

/** What somebody other than a machine may do with images. */
export interface TokenRight extends Readonly<z.infer<typeof tokenFile>> {
  readonly name: string
  /** Milliseconds since 1970, by the hour. */
  readonly usedAt?: number
}

export type TokenWish = Pick<TokenRight, 'name' | 'may' | 'images' | 'by' | 'expiresAt'>

/** Whether a token opens that image now. Whoever pushes may pull. */
export function allows(right: TokenRight, what: 'pull' | 'push', name: string, now: number): boolean {
  const { may, images } = right
  if (!isOpen(right, now)) return false
  if (what === 'push' && may !== 'push') return false
  return images.length === 0 || images.some((form) => covers(form, name))
}

/** Whether a token has not come to its end. */
export function isOpen(right: Pick<TokenRight, 'expiresAt' | 'shut'> | undefined, now: number): boolean {
  return right !== undefined && !right.shut && now < (right.expiresAt ?? Infinity)
}

function covers(form: string, name: string): boolean {
  return form.endsWith('/*') ? name.startsWith(form.slice(0, -1)) : form === name
}

const hour = 3_600_000
/** In milliseconds: two changes of a directory within one tick of the file system leave it one time. */
const tick = 100

/**
 * Tokens in a directory, a file for each, for their owner alone. A running server sees what a command adds or takes away at its next
 * request. Throws `disk-failed` or `not-permitted`.
 */
export class TokenBook {
  readonly #directory: string
  #read = -1
  #byHash = new Map<string, TokenRight>()
  #broken: Fault | undefined
  /** Hashes: shut for as long as this process runs, whatever the disk takes. */
  readonly #shut = new Set<string>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Returns the token, which is told this once. Throws `request-invalid` for a name that is taken. */
  add(wish: TokenWish, now: number): string {
    const token = `birnam_${randomBytes(32).toString('base64url')}`
    const { name, ...rest } = wish
    const file = this.#file(name)
    const text = JSON.stringify({ hash: hashOf(token), createdAt: now, ...rest })
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
      keepSecret(file, `${text}\n`)
      if (readFileSync(file, 'utf8') !== `${text}\n`) throw taken(name)
      stamp(file, now)
    } catch (error) {
      throw diskFault(error, file)
    }
    return token
  }

  /** By name. Throws `config-invalid` for a file that holds no token. */
  list(): readonly TokenRight[] {
    this.#tokens()
    if (this.#broken) throw this.#broken
    return [...this.#tokens().values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Throws `token-unknown`. */
  remove(name: string): void {
    const file = this.#file(name)
    if (!statSync(file, { throwIfNoEntry: false })) throw unknown(name)
    rmSync(file)
  }

  /**
   * A clock is set back from `then`: what had come to its end stays shut, whatever time it is from now on. Their names; durable when it returns.
   * Throws `disk-failed` or `not-permitted` when that cannot be written; shut they are, until this process ends.
   */
  shut(then: number): readonly string[] {
    const over = [...this.#tokens().values()].filter(({ shut, expiresAt = Infinity }) => !shut && expiresAt <= then)
    for (const { hash } of over) this.#shut.add(hash)
    this.#read = -1
    for (const right of over) this.#write({ ...right, shut: true })
    return over.map(({ name }) => name)
  }

  #write({ name, usedAt, ...right }: TokenRight): void {
    const file = this.#file(name)
    try {
      replaceSecret(file, `${JSON.stringify(right)}\n`)
      stamp(file, usedAt ?? right.createdAt)
    } catch (error) {
      throw diskFault(error, file)
    }
  }

  /** Undefined for a token that nobody was given; a file that holds none shuts out only its own. */
  find(token: string, now: number): TokenRight | undefined {
    const found = this.#tokens().get(hashOf(token))
    if (found && now - (found.usedAt ?? 0) > hour) this.#used(found, now)
    return found
  }

  #used(found: TokenRight, now: number): void {
    this.#byHash.set(found.hash, { ...found, usedAt: now })
    try {
      stamp(this.#file(found.name), now)
    } catch {
      // Taken away this moment, or a disk that takes no writes: neither is the client's matter.
    }
  }

  #tokens(): ReadonlyMap<string, TokenRight> {
    const changed = statSync(this.#directory, { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (changed === this.#read && Date.now() - changed > tick) return this.#byHash
    const names = changed === 0 ? [] : this.#files()
    this.#broken = undefined
    this.#byHash = new Map(names.flatMap((file) => this.#readOne(file)).map((token) => [token.hash, token]))
    this.#read = changed
    return this.#byHash
  }

  #files(): string[] {
    try {
      return readdirSync(this.#directory).filter((file) => /^[^.]+\.json$/.test(file))
    } catch (error) {
      throw diskFault(error, this.#directory)
    }
  }

  #readOne(file: string): TokenRight[] {
    const path = join(this.#directory, file)
    try {
      const read = tokenFile.parse(JSON.parse(readFileSync(path, 'utf8')))
      const stamped = Math.round(statSync(path).mtimeMs)
      const name = file.slice(0, -'.json'.length)
      const shut = (read.shut ?? this.#shut.has(read.hash)) && { shut: true as const }
      return [{ name, ...read, ...shut, ...(stamped !== read.createdAt && { usedAt: stamped }) }]
    } catch (error) {
      if (!isAbsent(error)) this.#broken ??= noToken(path, error)
      return []
    }
  }

  #file(name: string): string {
    if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(name)) throw badName(name)
    return join(this.#directory, `${name}.json`)
  }
}

/** The time of the file is when its token was used last. */
function stamp(file: string, now: number): void {
  utimesSync(file, now / 1000, now / 1000)
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

function noToken(file: string, cause: unknown): Fault {
  const hint = 'remove it: whoever used that token needs a new one'
  return new Fault('config-invalid', 'the file holds no token', { file, hint, cause })
}

function taken(name: string): Fault {
  return new Fault('request-invalid', `there is a token ${name} already`, {
    hint: `birnam token rm ${name} takes it away, and whoever uses it is shut out`,
  })
}

function unknown(name: string): Fault {
  return new Fault('token-unknown', `no token is named ${name}`, { hint: 'birnam token ls shows them all' })
}

function badName(name: string): Fault {
  return new Fault('request-invalid', `${JSON.stringify(name.slice(0, 100))} is no name for a token`, {
    hint: 'small letters, digits, - and _, for instance ci-builds',
  })
}
