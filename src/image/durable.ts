import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault } from '../fault.ts'

/** A name that a rename or link gave lasts only when its directory is on the disk too. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The old bytes or the new ones, whatever happens: `temporary` (same file system) is written, synced and renamed over `path`. */
export async function replaceFile(path: string, temporary: string, bytes: Uint8Array | string): Promise<void> {
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw diskFault(error, path)
  }
  await syncDirectory(dirname(path))
}

const words: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of this user is used up',
  EFBIG: 'the file system cannot hold a file of that size',
  EIO: 'the disk does not read or write',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  EEXIST: 'a file stands in its way',
  ENOTDIR: 'a file stands in its way',
}

const room = 'make room (birnam image gc), then try again'
const hints: Readonly<Record<string, string>> = {
  ENOSPC: room,
  EDQUOT: room,
  EEXIST: 'look at it, and move it away',
  ENOTDIR: 'look at it, and move it away',
}

/** What the system said of a file, as a sentence; anything that is no error of the system passes unchanged. */
export function diskFault(error: unknown, path: string): unknown {
  const { code = '' } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM')
    return new Fault('not-permitted', `no permission for ${path}`, { cause: error })
  const why = words[code]
  if (why === undefined) return error
  return new Fault('disk-failed', `${why}: ${path}`, {
    hint: hints[code] ?? 'see dmesg',
    cause: error,
  })
}

export function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}
