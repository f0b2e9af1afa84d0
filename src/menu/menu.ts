/** A Plan as a loader sees it, all values final: nothing in here is a template any more. Writers only add syntax. */
export interface Menu {
  /** Told in a comment at the top of the text, for whoever reads a capture: which machine, which plan, why. */
  readonly comments: readonly string[]
  /** A label of `entries`. */
  readonly default: string
  /** Seconds until the default boots; 0 boots it at once. */
  readonly timeout: number
  readonly entries: readonly Entry[]
}

export interface Entry {
  /** `[A-Za-z0-9._-]+`, so every loader can name it. */
  readonly label: string
  readonly title: string
  readonly boot: Boot
}

export type Boot =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'kernel'
      /** A name on the shelf, relative: `boot/vmlinuz`. A writer puts it where its loader resolves it. */
      readonly kernel: string
      readonly initrd: readonly string[]
      /** Words, each without blanks; the writer quotes what its loader would eat (`;` in GRUB). */
      readonly args: readonly string[]
    }
