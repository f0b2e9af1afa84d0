import { withoutEnd } from '../config/without-end.ts'
import { Fault } from '../fault.ts'
import type { TreeNode, NodeType } from './tree.ts'

/**
 * What `find` prints for each path: type, mode, owner, group, size, change of content, change of inode, device, inode, links,
 * target, path; each ended by a zero byte, which no name holds.
 */
export const listFormat = '%y\\0%m\\0%U\\0%G\\0%s\\0%T@\\0%C@\\0%D\\0%i\\0%n\\0%l\\0%p\\0'

const fields = 12
/** In the place of a type: the list has ended, and the exit status follows. */
export const endOfList = '='

export interface ListedPath {
  readonly path: string
  readonly device: string
  readonly node: TreeNode
}

const types: Readonly<Record<string, NodeType>> = {
  f: 'file',
  d: 'directory',
  l: 'symlink',
  b: 'block',
  c: 'char',
  p: 'fifo',
}

/** Reads a list that arrives in chunks. Paths below `base` come out relative to it. */
export class ListReader {
  readonly paths: ListedPath[] = []
  readonly sockets: string[] = []
  /** The exit status of `find`, once the list has ended. */
  status: number | undefined
  readonly #base: string
  #fields: string[] = []
  #rest = ''

  constructor(base: string) {
    this.#base = base === '/' ? '' : Buffer.from(base).toString('latin1')
  }

  /** Returns the bytes after the end of the list; undefined while it goes on. */
  read(chunk: Uint8Array): Uint8Array | undefined {
    const text = this.#rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    let from = 0
    for (;;) {
      const zero = text.indexOf('\0', from)
      if (zero < 0) break
      this.#fields.push(text.slice(from, zero))
      from = zero + 1
      if (this.#fields[0] === endOfList && this.#fields.length === 2) {
        this.status = Number(this.#fields[1])
        return Buffer.from(text.slice(from), 'latin1')
      }
      if (this.#fields.length === fields) this.#take()
    }
    this.#rest = text.slice(from)
    return undefined
  }

  #take(): void {
    const [
      type = '',
      mode = '',
      uid,
      gid,
      size,
      changed,
      inodeChanged,
      device = '',
      inode = '',
      links,
      target = '',
      full = '',
    ] = this.#fields
    this.#fields = []
    const path = this.#relative(full)
    if (type === 's') {
      this.sockets.push(path)
      return
    }
    const known = types[type]
    if (!known || !/^[0-7]{1,4}$/.test(mode)) throw broken(`a list of files holds the type ${JSON.stringify(type)}`)
    const { seconds, nsec } = timeOf(changed!)
    const node = {
      type: known,
      mode: Number.parseInt(mode, 8),
      uid: Number(uid),
      gid: Number(gid),
      size: known === 'file' ? Number(size) : 0,
      mtime: seconds,
      nsec,
      target: known === 'symlink' ? target : '',
      device: '',
      xattrs: '',
      // GNU tar keeps the names of one device node or fifo apart.
      group: (known === 'file' || known === 'symlink') && Number(links) > 1 ? `${device}:${inode}` : '',
      sha256: '',
      changed: inodeChanged!,
      inode: `${device}:${inode}`,
    }
    if (![node.uid, node.gid, node.size, node.mtime].every(Number.isSafeInteger))
      throw broken('a list of files holds a number that is none')
    this.paths.push({ path, device, node })
  }

  #relative(full: string): string {
    const path = withoutEnd(full.slice(this.#base.length).replace(/^\/+/, ''), '/')
    if (!full.startsWith(this.#base) || path.split('/').includes('..'))
      throw broken('a list of files holds a path outside of its tree')
    return path
  }
}

/** `find` writes seconds rounded down and the fraction apart, so a time before 1970 reads `-2.5` for -1.5. */
function timeOf(text: string): { seconds: number; nsec: number } {
  const match = /^(-?\d{1,15})(?:\.(\d*))?$/.exec(text)
  if (!match) throw broken(`a list of files holds the time ${JSON.stringify(text.slice(0, 40))}`)
  return { seconds: Number(match[1]), nsec: Number((match[2] ?? '').slice(0, 9).padEnd(9, '0')) }
}

function broken(message: string): Fault {
  return new Fault('capture-failed', message, { hint: 'GNU find has to be there: apt-get install findutils' })
}
