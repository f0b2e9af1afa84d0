import { open, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { readUse, type Use } from './rock-ridge.ts'
import { checkName, invalid, ListedTree, shown, type TreeEntry } from './tree.ts'

interface Extent {
  readonly block: number
  readonly size: number
}

interface IsoEntry extends TreeEntry {
  /** More than one for files of 4 GiB and more. */
  readonly extents: readonly Extent[]
}

/** ECMA-119: everything counts in blocks of this size on what is made for optical discs. */
const block = 2048
const most = { entries: 2_000_000, depth: 100, directory: 64 * 1024 * 1024 }

/**
 * An ISO 9660 image, read in place: Rock Ridge names, else Joliet's, else the plain ones. Every number in it is checked against the size of the
 * file before it is used. Throws `distro-invalid` with one sentence for what no sound image holds.
 */
export async function openIso(path: string): Promise<IsoTree> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    const reader = new IsoReader(basename(path), handle, size)
    const volume = await reader.volume()
    return new IsoTree(basename(path), await reader.walk(volume), handle, volume)
  } catch (error) {
    await handle.close()
    throw error
  }
}

export class IsoTree extends ListedTree {
  /** The volume's name, as the disc has it. */
  readonly label: string
  readonly #handle: FileHandle

  constructor(name: string, entries: ReadonlyMap<string, TreeEntry>, handle: FileHandle, volume: Volume) {
    super(name, entries)
    this.label = volume.label
    this.#handle = handle
  }

  protected override async *pieces(entry: TreeEntry): AsyncIterable<Uint8Array> {
    const buffer = Buffer.allocUnsafe(1 << 20)
    for (const { block: first, size } of (entry as IsoEntry).extents) {
      for (let at = 0; at < size;) {
        const { bytesRead } = await this.#handle.read(buffer, 0, Math.min(buffer.length, size - at), first * block + at)
        if (bytesRead === 0) throw invalid(`${this.name} became shorter while it was read`)
        at += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}

interface Volume {
  readonly label: string
  readonly root: Extent
  readonly joliet: boolean
  /** Bytes that Rock Ridge skips at the start of each field; undefined without it. */
  readonly rockRidge: number | undefined
}

/** One directory record (ECMA-119 §9.1). */
interface DirectoryRecord {
  readonly extent: Extent
  readonly flags: number
  readonly name: Buffer
  readonly system: Buffer
}

const flag = { directory: 2, more: 0x80 }

class IsoReader {
  readonly #name: string
  readonly #handle: FileHandle
  readonly #size: number
  readonly #entries = new Map<string, IsoEntry>()
  readonly #seen = new Set<number>()
  #bytes = 0

  constructor(name: string, handle: FileHandle, size: number) {
    this.#name = name
    this.#handle = handle
    this.#size = size
  }

  async volume(): Promise<Volume> {
    let primary: Buffer | undefined
    let joliet: Buffer | undefined
    for (let at = 16; at < 16 + 64; at++) {
      const bytes = await this.#read({ block: at, size: block }).catch(() => undefined)
      if (bytes?.toString('latin1', 1, 6) !== 'CD001') break
      if (bytes[0] === 255) break
      if (bytes[0] === 1) primary ??= bytes
      // The three levels of UCS-2 (Joliet specification, "Escape sequences").
      if (bytes[0] === 2 && /^%\/[@CE]/.test(bytes.toString('latin1', 88, 91))) joliet ??= bytes
    }
    if (!primary) throw invalid(`${this.#name} is no ISO image`, 'name an ISO, a directory, a netboot tarball or a URL')
    if (primary.readUInt16LE(128) !== block)
      throw invalid(`${this.#name} has blocks of another size than ${block} bytes`)
    this.#checkLength(primary.readUInt32LE(80) * block)
    const label = primary.toString('latin1', 40, 72).trimEnd()
    const root = this.#record(primary.subarray(156, 190)).extent
    const rockRidge = await this.#rockRidge(root)
    const chosen = rockRidge === undefined && joliet ? this.#record(joliet.subarray(156, 190)).extent : root
    return { label, root: chosen, joliet: chosen !== root, rockRidge }
  }

  async walk(volume: Volume): Promise<ReadonlyMap<string, IsoEntry>> {
    await this.#directory(volume, volume.root, '', 0)
    return this.#entries
  }

  #checkLength(says: number): void {
    if (says <= this.#size) return
    throw invalid(`${this.#name} is cut short: it is said to hold ${says} bytes, and ${this.#size} are there`)
  }

  /** SUSP 5.3: the first record of the root begins with SP. */
  async #rockRidge(root: Extent): Promise<number | undefined> {
    const bytes = await this.#read({ block: root.block, size: Math.min(root.size, block) })
    const { system } = this.#record(bytes)
    const isThere = system.toString('latin1', 0, 2) === 'SP' && system[4] === 0xbe && system[5] === 0xef
    return isThere ? system[6]! : undefined
  }

  async #directory(volume: Volume, extent: Extent, path: string, depth: number): Promise<void> {
    if (depth > most.depth || this.#seen.has(extent.block))
      throw invalid(`${this.#name} holds directories that run in a circle, at ${shown(path)}`)
    this.#seen.add(extent.block)
    if (extent.size > most.directory)
      throw invalid(`${this.#name} holds a directory larger than one can be: ${shown(path)}`)
    let file: { path: string; extents: Extent[] } | undefined
    for (const record of this.#records(await this.#read(extent, path))) {
      // The directory itself and its parent.
      if (record.name.length === 1 && record.name[0]! < 2) continue
      const use = await this.#use(volume, record)
      if (use.moved) continue
      const name = checkName(this.#name, use.name ?? nameOf(record.name, volume.joliet))
      const inner = path === '' ? name : `${path}/${name}`
      if (use.child !== undefined) await this.#moved(volume, use.child, inner, depth)
      else if (record.flags & flag.directory) {
        this.#add({ path: inner, kind: 'directory', size: 0, extents: [] })
        await this.#directory(volume, record.extent, inner, depth + 1)
      } else if (use.link !== undefined)
        this.#add({ path: inner, kind: 'link', size: 0, target: use.link, extents: [] })
      else {
        this.#checkFile(use, record.extent, inner)
        if (file?.path === inner) file.extents.push(record.extent)
        else file = { path: inner, extents: [record.extent] }
        if (record.flags & flag.more) continue
        const size = file.extents.reduce((sum, part) => sum + part.size, 0)
        this.#add({ path: inner, kind: 'file', size, extents: file.extents })
        file = undefined
      }
    }
  }

  /** Rock Ridge moves what is deeper than eight levels; its old place says where it is. */
  async #moved(volume: Volume, child: number, path: string, depth: number): Promise<void> {
    const head = this.#record(await this.#read({ block: child, size: block }, path))
    this.#add({ path, kind: 'directory', size: 0, extents: [] })
    await this.#directory(volume, head.extent, path, depth + 1)
  }

  #checkFile({ mode, zisofs }: Use, { block: first, size }: Extent, path: string): void {
    const type = (mode ?? 0o100000) & 0o170000
    if (type !== 0o100000) throw invalid(`${shown(path)} in ${this.#name} is neither a file nor a directory nor a link`)
    if (zisofs) {
      const hint = 'unpack it with xorriso or mount it, and import the directory'
      throw invalid(`${shown(path)} in ${this.#name} is compressed by zisofs, which Birnam does not read`, hint)
    }
    if (size > 0 && first * block + size > this.#size)
      throw invalid(
        `${shown(path)} in ${this.#name} lies beyond the end of the image: the image is damaged or cut short`,
      )
    this.#bytes += size
    // Files may share their bytes; a few hundred bytes that claim to be petabytes are an attack.
    if (this.#bytes > 8 * this.#size)
      throw invalid(`the files of ${this.#name} claim more bytes than it can hold: its sizes are not true`)
  }

  #add(entry: IsoEntry): void {
    if (this.#entries.has(entry.path)) throw invalid(`${this.#name} holds two files called ${shown(entry.path)}`)
    if (this.#entries.size >= most.entries) throw invalid(`${this.#name} holds more than ${most.entries} files`)
    this.#entries.set(entry.path, entry)
  }

  async #use({ rockRidge }: Volume, { system }: DirectoryRecord): Promise<Use> {
    if (rockRidge === undefined) return {}
    return readUse(system.subarray(rockRidge), (at) => this.#continued(at.block, at.offset, at.size))
  }

  async #continued(at: number, offset: number, size: number): Promise<Buffer> {
    if (offset + size > 16 * block) throw invalid(`${this.#name} holds a continued record larger than one can be`)
    return (await this.#read({ block: at, size: offset + size })).subarray(offset)
  }

  *#records(bytes: Buffer): Generator<DirectoryRecord> {
    for (let at = 0; at < bytes.length;) {
      const length = bytes[at]!
      // A record never crosses a block; the rest of one is zeros (§6.8.1.1).
      if (length === 0) at += block - (at % block)
      else {
        yield this.#record(bytes.subarray(at, at + length))
        at += length
      }
    }
  }

  #record(bytes: Buffer): DirectoryRecord {
    const length = bytes[0] ?? 0
    const nameLength = bytes[32] ?? 0
    if (length < 34 || length > bytes.length || 33 + nameLength > length)
      throw invalid(`${this.#name} holds a directory record that is broken`)
    if (bytes[26] !== 0 || bytes[27] !== 0)
      throw invalid(`${this.#name} holds an interleaved file, which Birnam does not read`)
    const end = 33 + nameLength
    const extent = { block: bytes.readUInt32LE(2) + bytes[1]!, size: bytes.readUInt32LE(10) }
    const system = bytes.subarray(end + (end & 1), length)
    return { extent, flags: bytes[25]!, name: bytes.subarray(33, end), system }
  }

  async #read({ block: first, size }: Extent, path = ''): Promise<Buffer> {
    if (first * block + size > this.#size)
      throw invalid(
        path === ''
          ? `${this.#name} is damaged or cut short: it points beyond its own end`
          : `the directory ${shown(path)} in ${this.#name} lies beyond the end of the image: the image is damaged or cut short`,
      )
    const bytes = Buffer.alloc(size)
    const { bytesRead } = await this.#handle.read(bytes, 0, size, first * block)
    if (bytesRead < size) throw invalid(`${this.#name} became shorter while it was read`)
    return bytes
  }
}

/** Without the version that the standard puts behind it. */
function nameOf(bytes: Buffer, joliet: boolean): string {
  const text = joliet
    ? Buffer.from(bytes)
        .subarray(0, bytes.length & ~1)
        .swap16()
        .toString('utf16le')
    : bytes.toString('latin1')
  const plain = text.replace(/;\d+$/, '')
  return joliet ? plain : plain.replace(/\.$/, '').toLowerCase()
}
