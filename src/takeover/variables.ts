/** Variables that a script sets; what the loader itself knows stays as it is written. */
export class Variables {
  readonly #values: Map<string, string>
  /** Characters that all of a file may still become: a value may hold itself many times. */
  readonly #budget: { left: number }

  constructor(values: ReadonlyMap<string, string> = new Map(), budget = { left: 8 * 1024 ** 2 }) {
    this.#values = new Map(values)
    this.#budget = budget
  }

  set(name: string, value: string): void {
    if (this.#values.size < 1000) this.#values.set(name, this.expand(value))
  }

  get(name: string): string | undefined {
    return this.#values.get(name)
  }

  /** `$x`, `${x}`, and `${x:format}` of iPXE, as far as they are set. */
  expand(text: string): string {
    if (!text.includes('$') || this.#budget.left <= 0) return text
    const expanded = text.replaceAll(/\$(?:\{([^{}]{1,100})\}|(\w{1,100}))/g, (all, braced?: string, bare?: string) => {
      const value = this.#budget.left > 0 ? this.#values.get((braced ?? bare)!) : undefined
      this.#budget.left -= value?.length ?? 0
      return value ?? all
    })
    return expanded.slice(0, 4000)
  }

  copy(): Variables {
    return new Variables(this.#values, this.#budget)
  }
}

const card =
  /^BOOTIF=(?:01-)?\$\{?(?:net_default_mac|mac:hexhyp|net0\/mac:hexhyp|netX\/mac:hexhyp|mac|net0\/mac|netX\/mac)\}?$/

/** Arguments of a kernel without what loaders say themselves; the card of the boot is Birnam's to say. */
export function kernelArgs(words: readonly string[]): { readonly args: readonly string[]; readonly sysappend: number } {
  const args = words.filter((word) => !card.test(word) && !/^(?:initrd|BOOT_IMAGE)=/i.test(word))
  return { args, sysappend: words.some((word) => card.test(word)) ? 2 : 0 }
}

/** A variable that nothing in the script sets. */
export function unset(words: readonly string[]): string | undefined {
  return words.find((word) => /\$\{?\w/.test(word))
}
