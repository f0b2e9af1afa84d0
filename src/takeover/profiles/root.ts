import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { Fault } from '../../fault.ts'

export interface TftpFile {
  /** Absolute, without links. */
  readonly path: string
  /** As a client asks for it, tidied: `debian/12/linux`. */
  readonly name: string
  /** Where it lies in the directory, behind all links. */
  readonly real: string
}

const longest = 1024 ** 2

/** A TFTP root that others filled: links are followed inside of it and never out of it. */
export class TftpRoot {
  readonly #root: string
  readonly #found = new Map<string, TftpFile | string>()
  readonly #texts = new Map<string, string | undefined>()

  /** The directory that holds pxelinux.cfg, or pxelinux.cfg itself. Throws `request-invalid`. */
  constructor(directory: string, needs: 'pxelinux.cfg' | 'nothing' = 'pxelinux.cfg') {
    const real = statSync(directory, { throwIfNoEntry: false })?.isDirectory() ? realpathSync(directory) : undefined
    const root = real !== undefined && basename(real) === 'pxelinux.cfg' ? dirname(real) : real
    if (needs === 'nothing') {
      if (real === undefined)
        throw new Fault('request-invalid', `${directory} is no directory`, {
          hint: 'name the root of the TFTP or web server',
        })
      this.#root = real
      return
    }
    if (root === undefined || !statSync(join(root, 'pxelinux.cfg'), { throwIfNoEntry: false })?.isDirectory())
      throw new Fault('request-invalid', `${directory} holds no pxelinux.cfg`, {
        hint: 'name the directory in which pxelinux.0 and pxelinux.cfg are, /srv/tftp for instance',
      })
    this.#root = root
  }

  /** Names below pxelinux.cfg, in order. */
  configs(): readonly string[] {
    return readdirSync(join(this.#root, 'pxelinux.cfg')).toSorted()
  }

  /** Regular files of a directory in it, in order; none where there is no such directory. */
  filesIn(directory: string): readonly string[] {
    const path = join(this.#root, directory)
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory() || !isInside(realpathSync(path), this.#root))
      return []
    const names = readdirSync(path).toSorted()
    return names
      .map((name) => (directory === '' ? name : `${directory}/${name}`))
      .filter((name) => typeof this.find(name) !== 'string')
  }

  /** A regular file; otherwise why there is none. */
  find(wanted: string): TftpFile | string {
    const known = this.#found.get(wanted) ?? this.#look(wanted)
    this.#found.set(wanted, known)
    return known
  }

  /** Whether the text of that file was asked for. */
  wasRead(name: string): boolean {
    const found = this.find(name)
    return typeof found !== 'string' && this.#texts.has(found.path)
  }

  /** The text of a menu; undefined for what is none. */
  text({ path }: TftpFile): string | undefined {
    if (!this.#texts.has(path)) this.#texts.set(path, readText(path))
    return this.#texts.get(path)
  }

  #look(wanted: string): TftpFile | string {
    // `::name` is from the root of the server; a URL and `address::name` are elsewhere.
    const plain = wanted.replace(/^::/, '')
    if (/^[a-z][a-z0-9+.-]*:\/\/|::/i.test(plain)) return 'is fetched from elsewhere'
    const parts = plain.split('/').filter((part) => part !== '' && part !== '.')
    const name = parts.join('/')
    if (parts.includes('..')) return 'leads out of the directory'
    if (parts.length === 0 || plain.includes('\0')) return 'is no name of a file'
    try {
      const path = realpathSync.native(join(this.#root, name))
      if (!path.startsWith(this.#root + sep)) return 'is a link that leads out of the directory'
      return statSync(path).isFile() ? { path, name, real: path.slice(this.#root.length + 1) } : 'is no regular file'
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      return trouble[code] ?? `cannot be read (${code})`
    }
  }
}

function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root + sep)
}

const trouble: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is not there',
  ELOOP: 'is a link that leads in a circle',
  ENAMETOOLONG: 'has too long a name',
}

/** Of a megabyte at most; menus of old have bytes of code pages in their titles. */
function readText(path: string): string | undefined {
  if (statSync(path).size > longest) return undefined
  const bytes = readFileSync(path)
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}
