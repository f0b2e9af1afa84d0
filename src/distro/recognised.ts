import type { Sums } from './sums.ts'
import type { Tree } from './tree.ts'

/** What a tree is, as far as it says so itself. */
export interface Recognised {
  /** What the distro is called when nobody says otherwise: `debian-13`. */
  readonly name: string
  /** The distribution's own words. */
  readonly label: string
  readonly family: string
  /** What answers are written for: `13`, `9`, `24.04`. */
  readonly version: string
  /** The whole version: `13.1`. */
  readonly release: string
  readonly arch: string
  /** Paths in the tree; undefined when it has no kernel that boots from the network. */
  readonly kernel?: string
  readonly initrd: readonly string[]
  /** What installers need of it besides kernel and initrd: all of it, the ISO as one file, or nothing. */
  readonly keep: 'tree' | 'medium' | 'nothing'
  /** What the tree itself says of its files, by the name of the list. */
  readonly lists: readonly List[]
  /** Of the tree: shim and GRUB of its vendor, for Secure Boot. */
  readonly loaders?: string
  /** What to say when no other place of packages is named. */
  readonly lacks?: string
  /** What an operator should know before machines try. */
  readonly notes: readonly string[]
}

/** A list of checksums that is part of the tree. */
export interface List {
  readonly file: string
  readonly sums: Sums
  /** Whoever signed it; undefined: nobody looked, or there is no signature. */
  readonly signature: Signature
}

/** How the distribution's signature over a list stands. */
export type Signature =
  | { readonly state: 'good'; readonly by: string }
  | { readonly state: 'none' }
  | { readonly state: 'unknown'; readonly why: string }

/** What the operator said, which decides where a tree holds several. */
export interface Wish {
  readonly version?: string
  readonly arch?: string
  /** Of a Debian mirror: `trixie`. */
  readonly suite?: string
  readonly isMedium?: boolean
  verify: Verify
}

/** Looks at a signature; throws `distro-untrusted` when it is wrong. `text` alone is a message that holds its own. */
export type Verify = (what: string, text: Buffer, signature?: Buffer) => Promise<Signature>

/** As boot/arch says it. */
export function archOf(word: string): string {
  return (
    { amd64: 'x86_64', x86_64: 'x86_64', arm64: 'arm64', aarch64: 'arm64', i386: 'i386', i586: 'i386', i686: 'i386' }[
      word
    ] ?? word
  )
}

/** The first of these paths that is there. */
export async function firstOf(tree: Tree, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await tree.has(path)) return path
  return undefined
}

export async function textOf(tree: Tree, path: string): Promise<string | undefined> {
  return (await tree.read(path, 16 * 1024 * 1024))?.toString('utf8')
}

/** One line of a file of the tree, for people. */
export function line(text: string): string {
  return text
    .replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(0, 200)
}
