/** A small writer of ISO 9660 images with Rock Ridge, for tests: it also writes what no sound program would. */
export interface IsoNode {
  /** As Rock Ridge says it; empty: no name of Rock Ridge at all. */
  readonly name: string
  readonly bytes?: string | Uint8Array
  /** Several extents of one file. */
  readonly parts?: readonly string[]
  readonly children?: readonly IsoNode[]
  readonly link?: string
  /** As in `st_mode`. */
  readonly mode?: number
  /** What the record says instead of the truth. */
  readonly says?: { readonly size?: number; readonly block?: number }
  /** More of the system use area. */
  readonly use?: Buffer
}

const block = 2048

/** `says`: blocks that the volume claims to have. */
export function isoOf(
  children: readonly IsoNode[],
  { label = 'TEST', says }: { label?: string; says?: number } = {},
): Buffer {
  const image = new Image()
  const root = image.directory({ name: '', children }, undefined)
  const blocks = image.blocks
  const volume = Buffer.alloc(block)
  volume.write('\u0001CD001\u0001', 0, 'latin1')
  volume.write(label.padEnd(32), 40, 'latin1')
  both32(volume, 80, says ?? blocks.length)
  both16(volume, 120, 1)
  both16(volume, 124, 1)
  both16(volume, 128, block)
  record({ block: root.block, size: root.size, flags: 2, id: Buffer.from([0]), use: Buffer.alloc(0) }).copy(volume, 156)
  blocks[16] = volume
  const end = Buffer.alloc(block)
  end.write('\u00ffCD001\u0001', 0, 'latin1')
  blocks[17] = end
  return Buffer.concat(blocks)
}

class Image {
  readonly blocks: Buffer[] = Array.from({ length: 18 }, () => Buffer.alloc(block))

  put(bytes: Buffer): { readonly block: number; readonly size: number } {
    const first = this.blocks.length
    for (let at = 0; at < bytes.length; at += block) {
      const piece = Buffer.alloc(block)
      bytes.copy(piece, 0, at, at + block)
      this.blocks.push(piece)
    }
    return { block: first, size: bytes.length }
  }

  directory(
    node: IsoNode,
    parent: { readonly block: number; readonly size: number } | undefined,
  ): { block: number; size: number } {
    const own = { block: this.blocks.length, size: block * 4 }
    for (let count = 0; count < 4; count++) this.blocks.push(Buffer.alloc(block))
    const records: Buffer[] = [
      record({ ...own, flags: 2, id: Buffer.from([0]), use: Buffer.concat([sp, px(0o040755)]) }),
      record({ ...(parent ?? own), flags: 2, id: Buffer.from([1]), use: px(0o040755) }),
    ]
    for (const [index, child] of (node.children ?? []).entries()) records.push(...this.#child(child, index, own))
    let at = 0
    for (const one of records) {
      if ((at % block) + one.length > block) at += block - (at % block)
      one.copy(this.blocks[own.block + Math.floor(at / block)]!, at % block)
      at += one.length
    }
    return own
  }

  #child(node: IsoNode, index: number, parent: { block: number; size: number }): Buffer[] {
    const id = Buffer.from(`F${index}.;1`)
    const name =
      node.name === '' ? Buffer.alloc(0) : field('NM', Buffer.concat([Buffer.from([0]), Buffer.from(node.name)]))
    const use = (mode: number): Buffer => Buffer.concat([px(node.mode ?? mode), name, node.use ?? Buffer.alloc(0)])
    if (node.children) {
      const made = this.directory(node, parent)
      return [
        record({
          block: node.says?.block ?? made.block,
          size: node.says?.size ?? made.size,
          flags: 2,
          id,
          use: use(0o040755),
        }),
      ]
    }
    if (node.link !== undefined)
      return [record({ block: 0, size: 0, flags: 0, id, use: Buffer.concat([use(0o120777), sl(node.link)]) })]
    const parts = node.parts ?? [node.bytes ?? '']
    return parts.map((part, number) => {
      const made = this.put(Buffer.from(part as string))
      const flags = number < parts.length - 1 ? 0x80 : 0
      return record({
        block: node.says?.block ?? made.block,
        size: node.says?.size ?? made.size,
        flags,
        id,
        use: use(0o100644),
      })
    })
  }
}

interface Written {
  readonly block: number
  readonly size: number
  readonly flags: number
  readonly id: Buffer
  readonly use: Buffer
}

function record({ block: at, size, flags, id, use }: Written): Buffer {
  const head = 33 + id.length + ((33 + id.length) & 1)
  const bytes = Buffer.alloc(head + use.length + (use.length & 1))
  bytes[0] = bytes.length
  both32(bytes, 2, at)
  both32(bytes, 10, size)
  bytes[25] = flags
  both16(bytes, 28, 1)
  bytes[32] = id.length
  id.copy(bytes, 33)
  use.copy(bytes, head)
  return bytes
}

export function field(type: string, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), Buffer.from([data.length + 4, 1]), data])
}

const sp = field('SP', Buffer.from([0xbe, 0xef, 0]))

function px(mode: number): Buffer {
  const data = Buffer.alloc(32)
  both32(data, 0, mode)
  both32(data, 8, 1)
  return field('PX', data)
}

function sl(target: string): Buffer {
  const parts = target.split('/').map((part, index) => {
    if (part === '' && index === 0) return Buffer.from([8, 0])
    if (part === '.') return Buffer.from([2, 0])
    if (part === '..') return Buffer.from([4, 0])
    return Buffer.concat([Buffer.from([0, part.length]), Buffer.from(part)])
  })
  return field('SL', Buffer.concat([Buffer.from([0]), ...parts]))
}

/** A field of two words: where an area goes on (CE), or where a directory was moved to (CL). */
export function pointer(type: string, ...numbers: readonly number[]): Buffer {
  const data = Buffer.alloc(numbers.length * 8)
  for (const [index, number] of numbers.entries()) both32(data, index * 8, number)
  return field(type, data)
}

function both32(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(value, at)
  bytes.writeUInt32BE(value, at + 4)
}

function both16(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt16LE(value, at)
  bytes.writeUInt16BE(value, at + 2)
}
