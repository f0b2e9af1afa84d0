import { blocksOf, layOut, windowOf, type Layout } from './layout.ts'

/** What one transfer reads from. */
export interface Pages {
  readonly blocks: number
  /** Bytes of data. */
  readonly size: number
  /** Blocks as ready packets; a promise while they come from disk, which rejects when the file is not what it was. */
  window(first: number, count: number): Buffer | Promise<Buffer>
  /** Nobody reads here any more. */
  close(): void
}

/** Bytes that were made for one client. */
export function pagesOf(content: Uint8Array, blksize: number): Pages {
  return pagesOfLayout(layOut(content, blksize), content.length)
}

export function pagesOfLayout(layout: Layout, size: number): Pages {
  return {
    blocks: blocksOf(size, layout.blksize),
    size,
    window: (first, count) => windowOf(layout, first, count),
    close: () => undefined,
  }
}
