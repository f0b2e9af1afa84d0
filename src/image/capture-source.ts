import type { TreeNode } from './tree.ts'

/** Where an image comes from: something that can list its files, then pack those that are asked for. Asked in this order, once. */
export interface CaptureSource extends AsyncDisposable {
  /** For people and for the manifest: `ssh:root@porter`, `/srv/tree`, `porter.tar.zst`. */
  readonly name: string
  list(): Promise<Listing>
  /** SHA-256 in hexadecimal by path, of regular files; a path that cannot be read is left out. */
  sums(paths: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** A tar of exactly these paths, in this order where the source can choose. */
  pack(paths: readonly string[]): Promise<PackedTar>
}

export interface Listing {
  /** The root is the empty path. Groups are those of inodes; their names do not matter, only who shares one. */
  readonly nodes: Map<string, TreeNode>
  /** Says whose inodes these are, so that a later listing of the same source can be compared more closely; empty: nobody's. */
  readonly source: string
  /** Whether `xattrs` of the nodes are known. */
  readonly xattrs: boolean
  /** Sentences: file systems that were left out, sockets, directories that could not be read. */
  readonly notes: readonly string[]
}

export interface PackedTar {
  readonly bytes: AsyncIterable<Uint8Array>
  /** When the bytes have ended: what went wrong on the way. Throws `capture-failed` when the tar cannot be believed. */
  readonly end: () => Promise<PackVerdict>
}

export interface PackVerdict {
  /** Paths that changed while they were read. */
  readonly changed: readonly string[]
  /** Paths that were gone when their turn came. */
  readonly vanished: readonly string[]
}
