import { open, rename, stat } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { Fault } from '../fault.ts'
import { diskFault, isAbsent } from '../image/durable.ts'
import type { Progress } from './copy.ts'
import { invalid, readLimit, type OpenedFile, type Tree } from './tree.ts'

interface Calling {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** A tree on a server, which cannot be listed: files are asked for by name. */
export class WebTree implements Tree {
  readonly name: string
  readonly entries = undefined
  readonly url: string
  readonly #signal: AbortSignal | undefined

  constructor(url: string, signal?: AbortSignal) {
    this.url = url.replace(/\/+$/, '')
    this.name = this.url
    this.#signal = signal
  }

  async has(path: string): Promise<boolean> {
    const reply = await this.#call(path, { method: 'HEAD' })
    await reply.body?.cancel()
    return reply.ok
  }

  async open(path: string): Promise<OpenedFile | undefined> {
    const reply = await this.#call(path, {})
    if (!reply.ok || !reply.body) {
      await reply.body?.cancel()
      return undefined
    }
    const length = reply.headers.get('content-length')
    const isPlain = !reply.headers.has('content-encoding')
    return {
      size: length !== null && isPlain ? Number(length) : undefined,
      pieces: piecesOf(reply.body, this.#at(path), this.#signal),
    }
  }

  async read(path: string, most: number = readLimit): Promise<Buffer | undefined> {
    const opened = await this.open(path)
    if (!opened) return undefined
    const pieces: Uint8Array[] = []
    let size = 0
    for await (const piece of opened.pieces) {
      size += piece.length
      if (size > most) throw invalid(`${this.#at(path)} is larger than such a file can be`)
      pieces.push(piece)
    }
    return Buffer.concat(pieces)
  }

  list(): readonly string[] {
    return []
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }

  async #call(path: string, options: RequestInit): Promise<Response> {
    try {
      return await call(this.#at(path), options, this.#signal)
    } catch (error) {
      this.#signal?.throwIfAborted()
      throw unreachable(this.#at(path), error, 'look whether that server answers, and try again')
    }
  }

  #at(path: string): string {
    return `${this.url}/${path.split('/').map(encodeURIComponent).join('/')}`
  }
}

async function* piecesOf(
  body: AsyncIterable<Uint8Array>,
  url: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    signal?.throwIfAborted()
    throw unreachable(url, error, 'the connection ended early: try again')
  }
}

const attempts = 5

/**
 * Fetches a file into `path`, from where an earlier attempt ended: of this command, or of one that was killed. The server must say that it is still the same
 * file (RFC 9110 §13.1.5, If-Range); `path.tag` holds what it said. Throws `distro-invalid`.
 */
export async function download(url: string, path: string, calling: Calling): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchOn(url, path, calling)
    } catch (error) {
      calling.signal?.throwIfAborted()
      if (error instanceof Fault || attempt >= attempts)
        throw unreachable(url, error, 'what came stays for a day: the same command goes on from there')
      await wait(1000 * attempt, undefined, { ...(calling.signal && { signal: calling.signal }) })
    }
  }
}

async function fetchOn(url: string, path: string, { signal, onProgress }: Calling): Promise<void> {
  const known = await begun(path)
  const headers: Record<string, string> = known ? { range: `bytes=${known.size}-`, 'if-range': known.tag } : {}
  const reply = await call(url, { headers }, signal)
  if (reply.status === 416) return restart(path, reply)
  if (!reply.ok || !reply.body) throw refused(url, reply)
  const isMore = reply.status === 206 && known !== undefined
  const tag = reply.headers.get('etag')
  await keepTag(path, tag !== null && !tag.startsWith('W/') ? tag : reply.headers.get('last-modified'))
  await using handle = await open(path, isMore ? 'a' : 'w', 0o644)
  let bytes = isMore ? known.size : 0
  const length = reply.headers.get('content-length')
  const ofBytes = length === null ? undefined : bytes + Number(length)
  for await (const piece of reply.body) {
    await handle.appendFile(piece).catch((error: unknown) => Promise.reject(diskFault(error, path)))
    bytes += piece.length
    onProgress?.({ step: 'fetch', bytes, ofBytes, path: url })
  }
  if (ofBytes !== undefined && bytes < ofBytes) throw new Error('the connection ended early')
}

/** What is there is all of it, or more than there is. */
async function restart(path: string, reply: Response): Promise<void> {
  const whole = /\/(\d+)$/.exec(reply.headers.get('content-range') ?? '')?.[1]
  const { size } = await stat(path)
  await reply.body?.cancel()
  if (whole === String(size)) return
  await rename(path, `${path}.old.part`)
  throw new Error('the file on the server became another one')
}

async function begun(path: string): Promise<{ readonly size: number; readonly tag: string } | undefined> {
  try {
    const { size } = await stat(path)
    await using handle = await open(`${path}.tag.part`)
    const tag = (await handle.readFile('utf8')).trim()
    return size > 0 && tag !== '' ? { size, tag } : undefined
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw diskFault(error, path)
  }
}

async function keepTag(path: string, tag: string | null): Promise<void> {
  await using handle = await open(`${path}.tag.part`, 'w', 0o644)
  await handle.writeFile(tag ?? '')
}

/** No proxy, no cookies; redirects are followed. Throws `distro-invalid` when nobody answers. */
async function call(url: string, options: RequestInit, signal?: AbortSignal): Promise<Response> {
  try {
    const headers = { 'accept-encoding': 'identity', ...(options.headers as Record<string, string> | undefined) }
    return await fetch(url, { ...options, headers, ...(signal && { signal }) })
  } catch (error) {
    signal?.throwIfAborted()
    const { cause } = error as Error
    throw new Error(cause instanceof Error ? cause.message : (error as Error).message, { cause: error })
  }
}

function unreachable(url: string, error: unknown, hint: string): Error {
  if (error instanceof Fault) return error
  return new Fault('distro-invalid', `${url} could not be fetched: ${(error as Error).message}`, { hint, cause: error })
}

function refused(url: string, { status, statusText }: Response): Fault {
  return new Fault('distro-invalid', `${url} could not be fetched: the server says ${status} ${statusText}`.trim(), {
    hint: 'look at the URL with a browser or curl',
  })
}

/** One small file; undefined where there is none. */
export async function fetchSmall(url: string, signal?: AbortSignal): Promise<Buffer | undefined> {
  const slash = url.lastIndexOf('/')
  return new WebTree(url.slice(0, slash), signal).read(decodeURIComponent(url.slice(slash + 1)), 4 * 1024 * 1024)
}
