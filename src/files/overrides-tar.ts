import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Machine } from '../config/site.ts'
import { Fault } from '../fault.ts'
import { writeEnd, writeEntry } from '../image/tar-write.ts'
import { contextOf, type Audience } from './context.ts'
import type { House } from './house.ts'
import { overridesOf, type Override } from './overrides.ts'

/**
 * A machine's overrides as a tar, owned by root with the permissions that the files have in the site. Every template is rendered
 * before the first byte goes out. Throws what the templates throw, and `file-missing` for a link that leads out of the site.
 */
export function overridesTar(
  house: House,
  machine: Machine,
  audience: Audience,
  mayGoOn: () => boolean = () => true,
): Readable {
  const context = contextOf(house, audience)
  const ready = overridesOf(house, machine).map((one) => prepare(house, one, context, machine.name))
  return Readable.from(allowed(tarOf(ready), mayGoOn), { objectMode: false })
}

interface Ready {
  readonly header: Uint8Array
  readonly size: number
  /** Rendered, or a file to be read. */
  readonly content?: Buffer | string
}

function prepare(house: House, one: Override, context: Record<string, unknown>, who: string): Ready {
  const content = one.kind === 'file' ? contentOf(house, one, context, who) : undefined
  const size = Buffer.isBuffer(content) ? content.length : one.size
  const header = writeEntry({
    path: bytesOf(one.path),
    type: one.kind === 'link' ? 'symlink' : one.kind,
    mode: one.mode,
    mtime: Math.floor(one.mtimeMs / 1000),
    size,
    ...(one.target !== undefined && { target: bytesOf(one.target) }),
  })
  return { header, size, ...(content !== undefined && { content }) }
}

function contentOf(house: House, one: Override, context: Record<string, unknown>, who: string): Buffer | string {
  if (one.isTemplate) return Buffer.from(house.templates.render(one.source, context, who))
  const path = join(house.registry.site.directory, one.source)
  // Small ones now, so that what the header says is what follows even if somebody edits it meanwhile.
  return one.size <= inMemory ? readFileSync(path).subarray(0, one.size) : path
}

const inMemory = 1 << 20
const padding = 512

/** A permit that is withdrawn in the middle ends it there. */
async function* allowed(pieces: AsyncIterable<Uint8Array>, mayGoOn: () => boolean): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    if (!mayGoOn()) throw new Fault('token-unknown', 'it may not have the rest any more: its permit is over')
    yield piece
  }
}

async function* tarOf(entries: readonly Ready[]): AsyncGenerator<Uint8Array> {
  for (const { header, size, content } of entries) {
    yield header
    if (content === undefined) continue
    if (Buffer.isBuffer(content)) yield content
    else yield* whole(content, size)
    if (size % padding > 0) yield Buffer.alloc(padding - (size % padding))
  }
  yield writeEnd()
}

async function* whole(path: string, size: number): AsyncGenerator<Uint8Array> {
  let sent = 0
  for await (const chunk of createReadStream(path, { end: size - 1, highWaterMark: 1 << 18 })) {
    const bytes: Uint8Array = chunk
    sent += bytes.length
    yield bytes
  }
  if (sent !== size)
    throw new Fault('file-missing', `${path} became shorter while it was sent`, { hint: 'install the machine again' })
}

/** Names in a tar are bytes, and ours are UTF-8. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1')
}
