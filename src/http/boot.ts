import type { IncomingHttpHeaders } from 'node:http'
import type { Finding, Peer, Refusal } from '../net/content.ts'
import type { BootFiles } from './boot-files.ts'
import { judge, type Verdict, type Version } from './conditions.ts'
import type { Exchange } from './exchange.ts'
import type { FileContent, Held } from './file-cache.ts'
import { typeOf } from './media.ts'
import { FileChanged, OpenFile } from './open-file.ts'
import { problemOf, sentenceOf } from './problem.ts'
import type { Part } from './range.ts'
import { replyBytes, replyText } from './reply.ts'
import { sendBytes, sendFile } from './send.ts'

/** What a name means. `name` is decoded and normalised, without a leading slash; the Host header is no part of the question. */
export interface HttpSource {
  find(
    name: string,
    request: { readonly peer: Peer; readonly headers: IncomingHttpHeaders; readonly query: URLSearchParams },
  ): Finding | Promise<Finding>
}

export interface BootDesk {
  readonly source: HttpSource
  readonly files: BootFiles
  onError(error: unknown): void
}

/** Answers GET and HEAD of a boot name. Never rejects. */
export async function answerBoot(desk: BootDesk, exchange: Exchange, query: URLSearchParams): Promise<void> {
  const { name, connection, request } = exchange
  try {
    const asked = desk.source.find(name, { peer: connection.peer, headers: request.headers, query })
    const finding = asked instanceof Promise ? await asked : asked
    if (finding?.kind === 'file') await answerFile(desk, exchange, finding)
    else if (finding?.kind === 'bytes') answerBytes(exchange, finding.bytes, finding.type)
    else refuse(exchange, finding ?? missing)
  } catch (error) {
    fail(desk, exchange, error)
  }
}

const missing: Refusal = { kind: 'refused', status: 404, message: 'no such file' }

function answerBytes(exchange: Exchange, bytes: Buffer, type: string | undefined): void {
  replyBytes(exchange.response, bytes, type)
  if (!exchange.isHead) exchange.progress(bytes.length)
}

function refuse(exchange: Exchange, { status, message }: Refusal): void {
  exchange.note(outcomeOf(status), message)
  replyText(exchange.response, status, message)
}

function outcomeOf(status: Refusal['status']): 'missing' | 'refused' | 'failed' {
  if (status === 404) return 'missing'
  return status === 500 ? 'failed' : 'refused'
}

async function answerFile(desk: BootDesk, exchange: Exchange, content: FileContent): Promise<void> {
  const held = desk.files.cache.hold(content, Date.now())
  const inMemory = held instanceof Promise ? await held : held
  if (inMemory) return answerHeld(exchange, inMemory)
  await using file = await OpenFile.open(content.path)
  const version = { tag: desk.files.cache.tagOf(file.identity), mtimeMs: file.mtimeMs, size: file.size }
  const part = begin(exchange, version)
  if (part) await sendFile(exchange.response, file, part, desk.files.buffers, (bytes) => exchange.progress(bytes))
}

async function answerHeld(exchange: Exchange, held: Held): Promise<void> {
  const { response } = exchange
  // The client may have gone while the file was read into memory; then there is no `close` to come.
  if (response.closed) return held.release()
  response.once('close', () => held.release())
  const part = begin(exchange, held.version)
  if (part) await sendBytes(response, held.bytes.subarray(part.from, part.to + 1), (count) => exchange.progress(count))
}

/** Writes the head of the answer; the part whose bytes must follow comes back, or nothing when the answer is whole already. */
function begin(exchange: Exchange, version: Version): Part | undefined {
  const { request, response } = exchange
  const verdict = judge(request.method ?? 'GET', request.headers, version, Date.now())
  const part = partOf(verdict, version.size)
  const head = [
    'ETag',
    version.tag,
    'Cache-Control',
    'no-cache',
    'Last-Modified',
    new Date(version.mtimeMs).toUTCString(),
  ]
  if (verdict.status === 412) exchange.note('refused', 'precondition failed')
  if (verdict.status === 416) exchange.note('refused', `range not satisfiable in ${version.size} bytes`)
  if (verdict.status === 206)
    exchange.note(undefined, `bytes ${verdict.part.from}-${verdict.part.to} of ${version.size}`)
  if (verdict.status === 304) exchange.note(undefined, 'not modified')
  response.writeHead(verdict.status, [...head, ...describe(exchange.name, verdict, version.size)])
  if (part && part.to >= part.from && !exchange.isHead) return part
  response.end()
  return undefined
}

function partOf(verdict: Verdict, size: number): Part | undefined {
  if (verdict.status === 206) return verdict.part
  return verdict.status === 200 ? { from: 0, to: size - 1 } : undefined
}

function describe(name: string, verdict: Verdict, size: number): readonly string[] {
  if (verdict.status === 304) return []
  if (verdict.status === 412) return ['Content-Length', '0']
  if (verdict.status === 416) return ['Content-Length', '0', 'Content-Range', `bytes */${size}`]
  const type = ['Content-Type', typeOf(name), 'Accept-Ranges', 'bytes', 'X-Content-Type-Options', 'nosniff']
  if (verdict.status === 200) return [...type, 'Content-Length', String(size)]
  const { from, to } = verdict.part
  return [...type, 'Content-Length', String(to - from + 1), 'Content-Range', `bytes ${from}-${to}/${size}`]
}

/** Before the first byte the client is told; after it only a broken connection says that the rest is not coming. */
function fail(desk: BootDesk, exchange: Exchange, error: unknown): void {
  const { response } = exchange
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (!response.headersSent && (code === 'ENOENT' || code === 'ENOTDIR')) return refuse(exchange, missing)
  const problem = problemOf(error)
  exchange.note('failed', error instanceof FileChanged ? error.message : sentenceOf(problem))
  desk.onError(error)
  if (response.headersSent) response.destroy()
  else replyText(response, problem.status, sentenceOf(problem))
}
