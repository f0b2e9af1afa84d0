import type { ServerResponse } from 'node:http'

type Extra = readonly (readonly [name: string, value: string])[]

/** A short text for a boot client: one sentence and a line end, never kept by a cache. */
export function replyText(response: ServerResponse, status: number, sentence: string, extra: Extra = []): void {
  const body = Buffer.from(`${sentence.replace(/\s+/g, ' ').trim()}\n`)
  const headers = [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(body.length),
    ...noStore,
    ...extra.flat(),
  ]
  response.writeHead(status, headers).end(body)
}

/** What was rendered for one machine belongs to it alone: no validator, no cache, no part of it. */
export function replyBytes(response: ServerResponse, bytes: Buffer, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(200, ['Content-Type', type, 'Content-Length', String(bytes.length), ...noStore]).end(bytes)
}

export const closing: Extra = [['Connection', 'close']]

const noStore = ['Cache-Control', 'no-store'] as const
