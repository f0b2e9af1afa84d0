import type { RegistryError } from '../image/registry-error.ts'
import type { Exchange } from './exchange.ts'

/** Docker's clients look for it before they speak to a registry at all. */
const apiVersion = { 'Docker-Distribution-Api-Version': 'registry/2.0' }

export function replyJson(exchange: Exchange, value: unknown, more: Readonly<Record<string, string>> = {}): void {
  reply(exchange, 200, Buffer.from(JSON.stringify(value)), { 'Content-Type': 'application/json', ...more })
}

export function replyEmpty(exchange: Exchange, status: number, headers: Readonly<Record<string, string>>): void {
  reply(exchange, status, Buffer.alloc(0), headers)
}

export function reply(
  exchange: Exchange,
  status: number,
  bytes: Buffer,
  headers: Readonly<Record<string, string>>,
): void {
  const { response, isHead } = exchange
  const length = status === 204 ? {} : { 'Content-Length': String(bytes.length) }
  response.writeHead(status, { ...apiVersion, 'Cache-Control': 'no-store', ...headers, ...length })
  exchange.inOne(bytes.length)
  response.end(isHead ? undefined : bytes)
}

/** In the spec's JSON form. A body that is still coming is not waited for. */
export function refuse(exchange: Exchange, error: RegistryError): void {
  const { request, response } = exchange
  if (response.headersSent) return void response.destroy()
  exchange.note(outcomes[error.status] ?? (error.status >= 500 ? 'failed' : 'refused'), error.message)
  const closing = request.complete ? {} : { Connection: 'close' }
  reply(exchange, error.status, Buffer.from(error.body), {
    'Content-Type': 'application/json',
    ...error.headers,
    ...closing,
  })
  if (!request.complete) letGo(exchange)
}

const outcomes: Readonly<Record<number, 'missing'>> = { 404: 'missing' }

/** Reads on for a moment, so that the answer is not lost in a reset; whoever still sends then is cut off. */
function letGo({ request }: Exchange): void {
  request.resume()
  const end = setTimeout(() => request.socket.destroy(), 1000)
  end.unref()
  request.socket.once('close', () => clearTimeout(end))
}
