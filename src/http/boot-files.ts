import { Buffers } from './buffers.ts'
import { FileCache, type FileContent, type Held } from './file-cache.ts'
import type { Limits } from './limits.ts'
import type { OpenFile } from './open-file.ts'
import { versionOf, type Version } from './version.ts'

/** Where file bytes come from: memory for boot files, re-used buffers for everything larger. One for all listeners of a server. */
export class BootFiles {
  readonly cache: FileCache
  readonly buffers: Buffers

  constructor(limits: Pick<Limits, 'memory' | 'memoryPerFile'>) {
    this.cache = new FileCache(limits)
    this.buffers = new Buffers()
  }

  /** At once when the file is in memory and was looked at lately; undefined when it must be read from disk as it goes out. */
  hold(content: FileContent, now: number): Held | Promise<Held | undefined> | undefined {
    return this.cache.hold(content, now)
  }

  versionOf(file: OpenFile): Version {
    return versionOf(file, this.cache.tagOf(file.identity))
  }
}
