import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { HttpSource } from '../../src/http/boot.ts'
import type { Limits } from '../../src/http/limits.ts'
import { openHttp, type HttpServer } from '../../src/http/server.ts'
import type { Finding, Transfer } from '../../src/net/content.ts'

/** A directory served on a free port of 127.0.0.1; everything is gone after it. */
export class Served implements AsyncDisposable {
  readonly directory: string
  readonly server: HttpServer
  readonly transfers: Transfer[]
  readonly errors: unknown[]

  private constructor(directory: string, server: HttpServer, transfers: Transfer[], errors: unknown[]) {
    this.directory = directory
    this.server = server
    this.transfers = transfers
    this.errors = errors
  }

  static async open(files: Record<string, string | Buffer> = {}, options: ServedOptions = {}): Promise<Served> {
    const directory = await mkdtemp(join(tmpdir(), 'birnam-http-'))
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes)
    const source: HttpSource = {
      find: (name, asked) =>
        options.rendered && name in options.rendered ? options.rendered[name]!(asked) : fromDisk(directory, name),
    }
    const transfers: Transfer[] = []
    const errors: unknown[] = []
    const { app, appPrefixes, limits } = options
    const server = await openHttp({
      address: '127.0.0.1',
      port: 0,
      source,
      onEnd: (transfer) => transfers.push(transfer),
      onError: (error) => errors.push(error),
      ...(app && { app }),
      ...(appPrefixes && { appPrefixes }),
      ...(limits && { limits }),
    })
    return new Served(directory, server, transfers, errors)
  }

  get url(): string {
    return `http://127.0.0.1:${this.server.port}`
  }

  get(name: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.url}/${name}`, init)
  }

  connect(options: { localAddress?: string } = {}): Socket {
    return connect({ host: '127.0.0.1', port: this.server.port, ...options })
  }

  /** Sends bytes as they are and reads until the server closes. */
  async raw(request: string | Buffer): Promise<string> {
    const socket = this.connect()
    socket.on('error', () => {})
    socket.write(request)
    const pieces: Buffer[] = []
    socket.on('data', (piece: Buffer) => pieces.push(piece))
    await closed(socket)
    return Buffer.concat(pieces).toString('latin1')
  }

  /** Waits until a counter or transfer list says so; a condition, never a time. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close()
    await rm(this.directory, { recursive: true })
  }
}

/** By an end or by a reset: `events.once` would throw at the latter. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once('close', () => resolve()))
}

export interface ServedOptions {
  readonly rendered?: Record<string, (asked: Parameters<HttpSource['find']>[1]) => Finding | Promise<Finding>>
  readonly app?: FastifyInstance
  readonly appPrefixes?: readonly string[]
  readonly limits?: Partial<Limits>
}

async function fromDisk(directory: string, name: string): Promise<Finding> {
  const path = join(directory, name)
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? { kind: 'file', path, size: found.size, mtimeMs: found.mtimeMs, ino: found.ino } : undefined
}
