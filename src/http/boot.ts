import type { IncomingHttpHeaders } from 'node:http'
import { Fault } from '../fault.ts'
import type { Finding, Peer, Refusal } from '../net/content.ts'
import type { BootFiles } from './boot-files.ts'
import { judge, type Verdict } from './conditions.ts'
import type { Exchange } from './exchange.ts'
import type { FileContent, Held } from './file-cache.ts'
import { typeOf } from './media.ts'
import { FileChanged, OpenFile } from './open-file.ts'
import { problemOf, sentenceOf } from './problem.ts'
import type { Part } from './range.ts'
import { replyBytes, replyText } from './reply.ts'
import type { Version } from './version.ts'
import { memoryPiece, sendBytes, sendFile } from './send.ts'

/** What a name means. `name` is decoded and normalised, without a leading slash; the Host header is no part of the question. */
export interface HttpSource {
  find(
    name: string,
    request: {
      readonly peer: Peer
      readonly headers: IncomingHttpHeaders
      readonly query: URLSearchParams
      /** It asks for the head alone: nothing may come of that. */
      readonly head: boolean
    },
  ): Finding | Promise<Finding>
}

export interface BootDesk {
  readonly source: HttpSource
  readonly files: BootFiles
  onError(error: unknown): void
}

/** Answers GET and HEAD of a boot name, without a promise where nothing has to be waited for. Never throws. */
export function answerBoot(desk: BootDesk, exchange: Exchange, query: URLSearchParams): void {
  const failed = (error: unknown): void => fail(desk, exchange, error)
  const found = (finding: Finding): void | Promise<void> => answerFinding(desk, exchange, finding)
  try {
    const { name, connection, request } = exchange
    const finding = desk.source.find(name, {
      peer: connection.peer,
      headers: request.headers,
      query,
      head: exchange.isHead,
    })
    const going = finding instanceof Promise ? finding.then(found) : found(finding)
    going?.catch(failed)
  } catch (error) {
    failed(error)
  }
}

function answerFinding(desk: BootDesk, exchange: Exchange, finding: Finding): void | Promise<void> {
  if (finding?.kind === 'file') return answerFile(desk, exchange, finding)
  if (finding?.kind === 'bytes') return answerBytes(exchange, finding.bytes, finding.type)
  return refuse(exchange, finding ?? missing)
}

/** What was allowed when the name was looked up may be withdrawn before, or while, its bytes go out. */
function going(exchange: Exchange, bytes: number, { mayGoOn }: FileContent): void {
  exchange.progress(bytes)
  if (mayGoOn?.() !== false) return
  exchange.note('refused', over.message)
  exchange.response.destroy()
}

const over: Refusal = { kind: 'refused', status: 410, message: 'its permit is over' }
const missing: Refusal = { kind: 'refused', status: 404, message: 'no such file' }

function answerBytes(exchange: Exchange, bytes: Buffer, type: string | undefined): void {
  exchange.inOne(bytes.length)
  exchange.expect(bytes.length)
  replyBytes(exchange.response, bytes, type)
}

function refuse(exchange: Exchange, { status, message }: Refusal): void {
  exchange.note(outcomeOf(status), message)
  replyText(exchange.response, status, message)
}

function outcomeOf(status: Refusal['status']): 'missing' | 'refused' | 'failed' {
  if (status === 404) return 'missing'
  return status === 500 ? 'failed' : 'refused'
}

function answerFile(desk: BootDesk, exchange: Exchange, content: FileContent): void | Promise<void> {
  const held = desk.files.hold(content, Date.now())
  if (held && !(held instanceof Promise)) return answerHeld(exchange, held, content)
  return answerSlowly(desk, exchange, content, held)
}

async function answerSlowly(
  { files }: BootDesk,
  exchange: Exchange,
  content: FileContent,
  held: Promise<Held | undefined> | undefined,
): Promise<void> {
  const inMemory = await held
  if (inMemory) return answerHeld(exchange, inMemory, content)
  await using file = await OpenFile.open(content.path)
  if (content.mayGoOn?.() === false) return refuse(exchange, over)
  const part = begin(exchange, files.versionOf(file))
  if (part) await sendFile(exchange.response, file, part, files.buffers, (bytes) => going(exchange, bytes, content))
}

function answerHeld(exchange: Exchange, held: Held, content: FileContent): void | Promise<void> {
  const { response } = exchange
  // The client may have gone while the file was read into memory; then there is no end to come.
  if (response.closed) return held.release()
  exchange.held = held
  if (content.mayGoOn?.() === false) return refuse(exchange, over)
  const part = begin(exchange, held.version)
  if (!part) return
  const bytes = held.bytes.subarray(part.from, part.to + 1)
  if (bytes.length > memoryPiece) return sendBytes(response, bytes, (count) => going(exchange, count, content))
  exchange.inOne(bytes.length)
  response.end(bytes)
}

/** Writes the head of the answer; the part whose bytes must follow comes back, or nothing when the answer is whole already. */
function begin(exchange: Exchange, version: Version): Part | undefined {
  const { request, response } = exchange
  const verdict = judge(request.method ?? 'GET', request.headers, version, Date.now())
  const part = partOf(verdict, version.size)
  const head = ['ETag', version.tag, 'Cache-Control', 'no-cache', 'Last-Modified', version.lastModified]
  if (verdict.status === 412) exchange.note('refused', 'precondition failed')
  if (verdict.status === 416) exchange.note('refused', `range not satisfiable in ${version.size} bytes`)
  if (verdict.status === 206)
    exchange.note(undefined, `bytes ${verdict.part.from}-${verdict.part.to} of ${version.size}`)
  if (verdict.status === 304) exchange.note(undefined, 'not modified')
  response.writeHead(verdict.status, [...head, ...describe(exchange.name, verdict, version.size)])
  if (part && part.to >= part.from && !exchange.isHead) {
    exchange.expect(part.to + 1 - part.from)
    return part
  }
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
  const type = ['Content-Type', typeOf(name), 'Accept-Ranges', 'bytes']
  if (verdict.status === 200) return [...type, 'Content-Length', String(size)]
  const { from, to } = verdict.part
  return [...type, 'Content-Length', String(to - from + 1), 'Content-Range', `bytes ${from}-${to}/${size}`]
}

/** Before the first byte the client is told; after it only a broken connection says that the rest is not coming. */
function fail(desk: BootDesk, exchange: Exchange, error: unknown): void {
  const { response } = exchange
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (!response.headersSent && (code === 'ENOENT' || code === 'ENOTDIR')) return refuse(exchange, missing)
  const problem = problemOf(code === 'EACCES' ? unreadable(exchange.name) : error)
  exchange.note('failed', error instanceof FileChanged ? error.message : sentenceOf(problem))
  desk.onError(error)
  if (response.headersSent) response.destroy()
  else replyText(response, problem.status, sentenceOf(problem))
}

function unreadable(name: string): Fault {
  return new Fault('not-permitted', `the server may not read ${name}`, { hint: 'let its user read the file' })
}
