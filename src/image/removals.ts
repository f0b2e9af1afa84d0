import type { Digest } from './digest.ts'
import type { ImageStore } from './store.ts'
import { removedBy, type Removed } from './version-tree.ts'

const mostRemembered = 64

/** What layers take away. A layer is read once for a whole rack. */
export class Removals {
  readonly #store: ImageStore
  readonly #known = new Map<Digest, Promise<Removed>>()

  constructor(store: ImageStore) {
    this.#store = store
  }

  /** Throws `image-missing`, `image-invalid`. */
  of(digest: Digest): Promise<Removed> {
    const before = this.#known.get(digest)
    if (before) return before
    const reading = removedBy(this.#store, digest)
    if (this.#known.size >= mostRemembered) this.#known.clear()
    this.#known.set(digest, reading)
    reading.catch(() => this.#known.delete(digest))
    return reading
  }
}
