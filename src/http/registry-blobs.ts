import type { Digest } from '../image/digest.ts'
import type { Library } from '../image/library.ts'

/** A client that has a manifest, or has brought a blob, finds the blob for this long, whatever becomes of the name meanwhile. Milliseconds. */
const lifetime = 3_600_000
const most = 50_000

/** Which blobs may be read under which name: what its versions need, and what was just sent for it or brought to it. */
export class RepositoryBlobs {
  readonly #store: Library
  readonly #now: () => number
  readonly #until = new Map<string, number>()

  constructor(store: Library, now: () => number) {
    this.#store = store
    this.#now = now
  }

  /** Lets the blob be read under that name for a while, and keeps gc from it. */
  admit(name: string, digest: Digest): void {
    const key = `${name}@${digest}`
    this.#until.delete(key)
    if (this.#until.size >= most) this.#until.delete(this.#until.keys().next().value!)
    this.#until.set(key, this.#now() + lifetime)
    this.#store.reading(digest)[Symbol.dispose]()
  }

  async has(name: string, digest: Digest): Promise<boolean> {
    return (this.#until.get(`${name}@${digest}`) ?? 0) > this.#now() || (await this.#store.reaches(name, digest))
  }
}
