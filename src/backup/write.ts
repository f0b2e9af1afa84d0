import { createHash, randomBytes } from 'node:crypto'
import { link, open, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import { Fault } from '../fault.ts'
import { diskFault, syncDirectory } from '../image/durable.ts'
import { block } from '../image/tar-header.ts'
import { writeEnd, writeEntry } from '../image/tar-write.ts'
import { firstName, lastName, type Manifest } from './manifest.ts'
import type { Member } from './members.ts'

/**
 * Writes a backup: a tar with zstd, for its owner alone. It has its name only when it is whole and on the disk. Throws `request-invalid` for
 * a file that is there already.
 */
export async function writeBackup(file: string, manifest: Manifest, members: readonly Member[]): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.part`
  try {
    await using handle = await open(temporary, 'wx', 0o600)
    const params = { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 }
    await pipeline(tarOf(manifest, members), createZstdCompress({ params }), (bytes) => writeAll(handle, bytes))
    await handle.sync()
    // A link takes no other file's place, as a rename does.
    await link(temporary, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw isThere(file)
    throw diskFault(error, file)
  } finally {
    await rm(temporary, { force: true })
  }
  await syncDirectory(dirname(file))
}

/** Not by a stream of the handle: a pipeline waits for it to close, and who opened it closes it. */
async function writeAll(handle: FileHandle, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const bytes of chunks)
    for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten
}

async function* tarOf(manifest: Manifest, members: readonly Member[]): AsyncGenerator<Uint8Array> {
  const sum = createHash('sha256')
  for await (const bytes of entriesOf(manifest, members)) {
    sum.update(bytes)
    yield bytes
  }
  yield* smallEntry(lastName, { entries: members.length, sha256: sum.digest('hex') })
  yield writeEnd()
}

async function* entriesOf(manifest: Manifest, members: readonly Member[]): AsyncGenerator<Uint8Array> {
  yield* smallEntry(firstName, manifest)
  for (const member of members) {
    const path = Buffer.from(member.path).toString('latin1')
    if (member.kind === 'directory') yield writeEntry({ path, type: 'directory', mode: member.mode })
    else if (member.kind === 'symlink')
      yield writeEntry({ path, type: 'symlink', target: Buffer.from(member.target).toString('latin1') })
    else yield* fileEntry(path, member)
  }
}

function* smallEntry(path: string, value: unknown): Generator<Uint8Array> {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`)
  yield writeEntry({ path, type: 'file', mode: 0o600, size: bytes.length })
  yield bytes
  yield padding(bytes.length)
}

async function* fileEntry(path: string, { from, mode }: Extract<Member, { kind: 'file' }>): AsyncGenerator<Uint8Array> {
  await using handle = await openToRead(from)
  const before = await handle.stat()
  if (!before.isFile()) throw changed(from)
  const { size } = before
  yield writeEntry({ path, type: 'file', mode, size, mtime: Math.floor(before.mtimeMs / 1000) })
  let read = 0
  while (read < size) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(Math.min(1 << 20, size - read)), 0)
    if (bytesRead === 0) throw changed(from)
    read += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
  const after = await handle.stat()
  if (after.size !== size || after.mtimeMs !== before.mtimeMs) throw changed(from)
  yield padding(size)
}

async function openToRead(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw changed(path)
    throw diskFault(error, path)
  }
}

function padding(size: number): Uint8Array {
  return Buffer.alloc((block - (size % block)) % block)
}

function changed(path: string): Fault {
  return new Fault('disk-failed', `${path} was changed while it was read`, { hint: 'try again; no backup was kept' })
}

export function isThere(file: string): Fault {
  return new Fault('request-invalid', `${file} is there already`, {
    hint: 'name a new file; a backup never takes the place of another',
  })
}
