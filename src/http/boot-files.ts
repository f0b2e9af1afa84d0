import { Buffers } from './buffers.ts'
import { FileCache, type FileContent, type Held } from './file-cache.ts'
import type { Limits } from './limits.ts'
import { OpenFile } from './open-file.ts'

/** Where file bytes come from: memory for boot files, re-used buffers for everything larger. One for all listeners of a server. */
export class BootFiles {
  readonly cache: FileCache
  readonly buffers: Buffers

  constructor(limits: Pick<Limits, 'memory' | 'memoryPerFile'>) {
    this.cache = new FileCache(limits)
    this.buffers = new Buffers()
  }

  /** Rejects with the system's error (ENOENT, EACCES …). */
  async open(content: FileContent): Promise<Held | OpenFile> {
    return (await this.cache.hold(content, Date.now())) ?? (await OpenFile.open(content.path))
  }
}
