import type { Layout } from './layout.ts'

/** Where a layout was put; empty once its memory was needed for others, so that nobody who still knows the place keeps it alive. */
export interface Cell {
  layout: Layout | undefined
}

/** Layouts by key within a limit of bytes; what was not asked for longest goes first. */
export class Memory {
  readonly #limit: number
  readonly #cells = new Map<string, Cell>()
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string): Cell | undefined {
    const cell = this.#cells.get(key)
    if (!cell) return undefined
    this.#cells.delete(key)
    this.#cells.set(key, cell)
    return cell
  }

  /** The newest one always stays, whatever its size. */
  put(key: string, layout: Layout): Cell {
    this.#drop(key)
    const cell = { layout }
    this.#cells.set(key, cell)
    this.#bytes += layout.bytes.length
    for (const oldest of this.#cells.keys()) {
      if (this.#bytes <= this.#limit || oldest === key) break
      this.#drop(oldest)
    }
    return cell
  }

  #drop(key: string): void {
    const cell = this.#cells.get(key)
    if (!cell) return
    this.#cells.delete(key)
    this.#bytes -= cell.layout?.bytes.length ?? 0
    cell.layout = undefined
  }
}
