import { request } from 'node:http'
import { join } from 'node:path'
import { Fault, type FaultCode, faults } from '../fault.ts'

/** Asks the API, wherever it is: at the running server's socket, or inside this process. */
export interface ApiClient {
  readonly running: boolean
  get<T>(path: string): Promise<T>
  post<T>(path: string, body?: unknown): Promise<T>
  delete<T>(path: string): Promise<T>
}

export interface ApiReply {
  readonly status: number
  readonly body: string
}

export type Send = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => Promise<ApiReply>

export function apiClient(send: Send, running: boolean): ApiClient {
  const call = async <T>(...[method, path, body]: Parameters<Send>): Promise<T> =>
    valueOf(await send(method, path, body)) as T
  return {
    running,
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body ?? {}),
    delete: (path) => call('DELETE', path),
  }
}

/** Where the running server of a data directory listens for commands: only its owner may open it. */
export function socketOf(data: string): string {
  return join(data, 'birnam.sock')
}

/** Sends over the unix socket; rejects with ENOENT or ECONNREFUSED when no server runs. */
export function sendTo(socketPath: string, wait: number = patience): Send {
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const headers =
        text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
      const call = request({ socketPath, method, path, headers: { host: 'localhost', ...headers } }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
      })
      call.setTimeout(wait, () => call.destroy(silent(socketPath)))
      call.on('error', reject)
      call.end(text)
    })
}

/** A server that works answers at once; one that hangs is told as such, in milliseconds. */
const patience = 30_000

function silent(socketPath: string): Fault {
  return new Fault('not-running', `the server behind ${socketPath} does not answer`, {
    hint: 'look at its log; stop it and start it again',
  })
}

interface ProblemDocument {
  readonly code?: string
  readonly detail?: string
  readonly title?: string
  readonly hint?: string
  readonly file?: string
  readonly line?: number
  readonly field?: string
}

function valueOf({ status, body }: ApiReply): unknown {
  const value = body === '' ? undefined : (JSON.parse(body) as unknown)
  if (status < 400) return value
  const { code = 'internal', detail, title, hint, file, line, field } = value as ProblemDocument
  const place = {
    ...(hint !== undefined && { hint }),
    ...(file !== undefined && { file }),
    ...(line !== undefined && { line }),
    ...(field !== undefined && { field }),
  }
  throw new Fault(
    (code in faults ? code : 'internal') as FaultCode,
    detail ?? title ?? `the server answered ${status}`,
    place,
  )
}
