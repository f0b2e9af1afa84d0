import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readdir, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../fault.ts'
import { digestOf, hexOf, readDigest, type Digest } from './digest.ts'
import { diskFault, isAbsent } from './durable.ts'

export interface BlobFile {
  readonly path: string
  readonly size: number
  readonly mtimeMs: number
}

/** `blobs/sha256/` of an OCI layout. */
export class BlobFiles {
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  pathOf(digest: Digest): string {
    return join(this.directory, hexOf(digest))
  }

  /** Undefined when it is not there, or no ordinary file. */
  async find(digest: Digest): Promise<BlobFile | undefined> {
    const path = this.pathOf(digest)
    try {
      const found = await stat(path)
      return found.isFile() ? { path, size: found.size, mtimeMs: found.mtimeMs } : undefined
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw diskFault(error, path)
    }
  }

  /** Throws `image-missing`. */
  async open(digest: Digest): Promise<FileHandle> {
    const path = this.pathOf(digest)
    try {
      // Without O_NONBLOCK a FIFO of that name would hold a thread for ever.
      const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
      if ((await handle.stat()).isFile()) return handle
      await handle.close()
    } catch (error) {
      if (!isAbsent(error)) throw diskFault(error, path)
    }
    throw new Fault('image-missing', `the blob ${digest} is not here`, {
      hint: 'birnam image verify names all of them',
    })
  }

  /** A small blob whole, and proved: `digest-mismatch` when it is not what its name says, `image-invalid` above `limit` bytes. */
  async read(digest: Digest, limit: number): Promise<Uint8Array> {
    const handle = await this.open(digest)
    try {
      const { size } = await handle.stat()
      if (size > limit)
        throw new Fault('image-invalid', `the blob ${digest} has ${size} bytes, where ${limit} are enough`)
      const bytes = await handle.readFile()
      if (digestOf(createHash('sha256').update(bytes).digest('hex')) === digest) return bytes
    } catch (error) {
      throw diskFault(error, this.pathOf(digest))
    } finally {
      await handle.close()
    }
    throw new Fault('digest-mismatch', `the blob ${digest} was changed on the disk`, { file: this.pathOf(digest) })
  }

  /** Every file that has a digest for its name. */
  async list(): Promise<readonly Digest[]> {
    const names = await readdir(this.directory)
    return names.flatMap((name) => readDigest(`sha256:${name}`) ?? [])
  }

  async remove(digest: Digest): Promise<void> {
    await rm(this.pathOf(digest), { force: true })
  }
}
