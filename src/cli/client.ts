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
    valueOf<T>(await send(method, path, body))
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
export function sendTo(socketPath: string): Send {
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
      call.on('error', reject)
      call.end(text)
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

function valueOf<T>({ status, body }: ApiReply): T {
  const value = body === '' ? undefined : (JSON.parse(body) as unknown)
  if (status < 400) return value as T
  const { code = 'internal', detail, title, ...rest } = value as ProblemDocument
  throw new Fault(
    (code in faults ? code : 'internal') as FaultCode,
    detail ?? title ?? `the server answered ${status}`,
    rest,
  )
}
