import type { LocalBoot } from '../config/site.ts'
import type { Program } from '../boot/program.ts'

/** A Plan as a loader sees it, all values final: nothing in here is a template any more. Writers only add syntax. */
export interface Menu {
  /** Told in a comment at the top of the text, for whoever reads a capture: which machine, which plan, why. */
  readonly comments: readonly string[]
  /** Lines in the loader's own words, before all others. */
  readonly head?: readonly string[]
  /** What stands above the entries. */
  readonly title?: string
  /** A label of `entries`. */
  readonly default: string
  /** Seconds until the default boots; 0 boots it at once. */
  readonly timeout: number
  readonly entries: readonly Entry[]
}

/** Whether this entry boots something that lies on another server, or asks there. Such names are no names on the shelf. */
export function isElsewhere(boot: Boot): boolean {
  return boot.kind === 'again' || boot.kind === 'script' || (boot.kind === 'kernel' && isUrl(boot.kernel))
}

export function isUrl(name: string): boolean {
  return /^https?:\/\//.test(name)
}

/** A name on the shelf, where `base` (with `/` at its end) is the URL of the shelf; or the URL that it already is. */
export function absolute(name: string, base: string): string {
  return isUrl(name) ? name : base + name
}

export interface Entry {
  /** `[A-Za-z0-9._-]+`, so every loader can name it. */
  readonly label: string
  readonly title: string
  readonly boot: Boot
}

export type Boot =
  /** `way`: as the site wants it for this machine; each loader does what it can. */
  | { readonly kind: 'local'; readonly way?: LocalBoot }
  /** Another menu of this boot, which the server writes for what was chosen. */
  | {
      readonly kind: 'menu'
      readonly entry: string
      /** Asks for a name and a password first, where the loader can. */
      readonly login?: boolean
      /** Tells what the machine is, where the loader knows. */
      readonly facts?: boolean
    }
  /** The menu of this boot once more, after a second: iPXE only. */
  | { readonly kind: 'again' }
  /** Lines that somebody else wrote for iPXE. */
  | { readonly kind: 'script'; readonly lines: readonly string[] }
  | {
      readonly kind: 'kernel'
      /** A name on the shelf, relative: `boot/vmlinuz`. A writer puts it where its loader resolves it. For iPXE also a URL. */
      readonly kernel: string
      readonly initrd: readonly string[]
      /** Words, each without blanks; the writer quotes what its loader would eat (`;` in GRUB). */
      readonly args: readonly string[]
      /** No Linux kernel: how this is started instead. */
      readonly program?: Program
    }
