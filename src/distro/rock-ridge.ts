import { invalid } from './tree.ts'

/** What Rock Ridge (RRIP 1.12) says of one directory record, over what ISO 9660 says. */
export interface Use {
  readonly name?: string
  /** As in `st_mode`. */
  readonly mode?: number
  /** What a symbolic link says. */
  readonly link?: string
  /** The block of the directory that stands for this record (CL). */
  readonly child?: number
  /** The record is where a directory was moved to (RE); its true place is elsewhere. */
  readonly moved?: boolean
  readonly zisofs?: boolean
}

export interface Continuation {
  readonly block: number
  readonly offset: number
  readonly size: number
}

/** Reads the fields of a record's system use area and of the areas that continue it. */
export async function readUse(area: Buffer, more: (at: Continuation) => Promise<Buffer>): Promise<Use> {
  const found: { -readonly [K in keyof Use]: Use[K] } = {}
  const link = new LinkText()
  let next: Buffer | undefined = area
  for (let areas = 0; next; areas++) {
    if (areas > 100) throw invalid('the image holds a record that continues for ever')
    let continued: Continuation | undefined
    for (const { type, bytes } of fieldsOf(next)) {
      if (type === 'CE' && bytes.length >= 28)
        continued = { block: bytes.readUInt32LE(4), offset: bytes.readUInt32LE(12), size: bytes.readUInt32LE(20) }
      else if (type === 'NM' && !(bytes[4]! & 6)) found.name = `${found.name ?? ''}${bytes.toString('utf8', 5)}`
      else if (type === 'PX' && bytes.length >= 12) found.mode = bytes.readUInt32LE(4)
      else if (type === 'SL') link.add(bytes)
      else if (type === 'CL' && bytes.length >= 12) found.child = bytes.readUInt32LE(4)
      else if (type === 'RE') found.moved = true
      else if (type === 'ZF') found.zisofs = true
    }
    next = continued && (await more(continued))
  }
  if (link.isThere) found.link = link.text
  return found
}

function* fieldsOf(area: Buffer): Generator<{ readonly type: string; readonly bytes: Buffer }> {
  for (let at = 0; at + 4 <= area.length;) {
    const type = area.toString('latin1', at, at + 2)
    const length = area[at + 2]!
    if (type === 'ST' || length < 4 || at + length > area.length) return
    yield { type, bytes: area.subarray(at, at + length) }
    at += length
  }
}

/** The components of SL fields (RRIP 4.1.3), put together as readlink would say them. */
class LinkText {
  isThere = false
  readonly #parts: string[] = []
  #isOpen = false

  add(field: Buffer): void {
    this.isThere = true
    for (let at = 5; at + 2 <= field.length;) {
      const flags = field[at]!
      const length = field[at + 1]!
      this.#component(flags, field.toString('utf8', at + 2, at + 2 + length))
      at += 2 + length
    }
  }

  get text(): string {
    return this.#parts[0] === '' && this.#parts.length === 1 ? '/' : this.#parts.join('/')
  }

  #component(flags: number, text: string): void {
    const part = flags & 2 ? '.' : flags & 4 ? '..' : flags & 8 ? '' : text
    if (this.#isOpen) this.#parts[this.#parts.length - 1] += part
    else this.#parts.push(part)
    this.#isOpen = (flags & 1) !== 0
  }
}
