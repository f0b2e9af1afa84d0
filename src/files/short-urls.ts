import { createHash } from 'node:crypto'

const remembered = 10_000

/**
 * Values that hold `=` and that pypxeboot cannot read in a menu, behind `k/<code>`. The code is the value's own digest, so
 * the same value has the same short URL always.
 */
export class ShortUrls {
  readonly #byCode = new Map<string, string>()

  shorten(value: string): string {
    const code = createHash('sha256').update(value).digest('hex').slice(0, 12)
    if (!this.#byCode.has(code) && this.#byCode.size >= remembered)
      this.#byCode.delete(this.#byCode.keys().next().value!)
    this.#byCode.set(code, value)
    return `k/${code}`
  }

  find(code: string): string | undefined {
    return this.#byCode.get(code)
  }
}
