interface Node<Key, Value> {
  readonly key: Key
  readonly value: Value
  readonly until: number
  older: Node<Key, Value> | undefined
  newer: Node<Key, Value> | undefined
}

/**
 * Things that end, in the order in which they were last set. A Map keeps that order too, but finding its first entry gets slow when the
 * first ones are deleted all the time (they leave holes); here every step is a few pointers.
 */
export class Ageing<Key, Value> {
  readonly #nodes = new Map<Key, Node<Key, Value>>()
  #oldest: Node<Key, Value> | undefined
  #newest: Node<Key, Value> | undefined

  get size(): number {
    return this.#nodes.size
  }

  get oldest(): { readonly key: Key; readonly value: Value; readonly until: number } | undefined {
    return this.#oldest
  }

  get(key: Key): { readonly value: Value; readonly until: number } | undefined {
    return this.#nodes.get(key)
  }

  has(key: Key): boolean {
    return this.#nodes.has(key)
  }

  set(key: Key, value: Value, until: number): void {
    this.delete(key)
    const node: Node<Key, Value> = { key, value, until, older: this.#newest, newer: undefined }
    if (this.#newest) this.#newest.newer = node
    else this.#oldest = node
    this.#newest = node
    this.#nodes.set(key, node)
  }

  delete(key: Key): void {
    const node = this.#nodes.get(key)
    if (!node) return
    this.#nodes.delete(key)
    if (node.older) node.older.newer = node.newer
    else this.#oldest = node.newer
    if (node.newer) node.newer.older = node.older
    else this.#newest = node.older
  }

  /** Oldest first. */
  *[Symbol.iterator](): Iterator<{ readonly key: Key; readonly value: Value; readonly until: number }> {
    for (let node = this.#oldest; node; node = node.newer) yield node
  }
}
