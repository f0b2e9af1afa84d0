import { readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { Fault } from '../../fault.ts'
import type { LeftList } from '../told.ts'

export interface TextFile {
  readonly file: string
  readonly text: string
}

const limits = { bytes: 32 * 1024 ** 2, files: 2000, includes: 16 }

export function wrong(file: string, line: number, message: string, hint: string): Fault {
  return new Fault('config-invalid', message, { file, line, hint })
}

/**
 * Reads a file and what `read` includes while it goes through it, 32 MiB in all. An included file that is not there, or not to be read, is
 * told. Throws `request-invalid` for a first file that is not there, `config-invalid` for bytes that are no text.
 */
export function readTree(
  first: string,
  left: LeftList,
  read: (file: TextFile, include: (name: string, line: number) => void) => void,
): void {
  if (!statSync(first, { throwIfNoEntry: false })?.isFile())
    throw new Fault('request-invalid', `${first} is no file`, { hint: 'name the configuration of the old server' })
  const base = dirname(resolve(first))
  const budget = { bytes: 0, files: 0 }
  const one = (file: string, inside: readonly string[]): void => {
    const real = realpathSync(file)
    read({ file, text: textAt(file, budget) }, (name, line) => {
      const found = findBeside(name, base)
      if (found === undefined || !isWithin(found, base))
        return left.add(
          file,
          `${name.slice(0, 200)} is not there, or outside of the directory of the first file, and is not read`,
          line,
        )
      if ([...inside, real].includes(realpathSync(found)))
        throw wrong(file, line, `${found} includes itself`, 'take it out')
      if (inside.length >= limits.includes || ++budget.files > limits.files)
        throw wrong(file, line, 'files include each other too deeply, or too many of them', 'take the include out')
      one(found, [...inside, real])
    })
  }
  one(first, [])
}

/** Where it says, or, of files that were carried here from another server, beside the first one, by the end of its path. */
export function findBeside(path: string, base: string, isRight = isFile): string | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  const beside = parts.includes('..') ? [] : parts.map((_, from) => join(base, ...parts.slice(from)))
  return [...(isAbsolute(path) ? [path] : [resolve(base, path)]), ...beside].find(isRight)
}

/** What a file of others names is read where the first one lies, and nowhere else. */
export function isWithin(path: string, base: string): boolean {
  return realpathSync(path).startsWith(realpathSync(base) + sep)
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true
  } catch {
    // A name with a NUL, too long, a link in a circle, a directory that nobody may enter.
    return false
  }
}

function textAt(file: string, budget: { bytes: number }): string {
  budget.bytes += statSync(file).size
  if (budget.bytes > limits.bytes)
    throw wrong(
      file,
      0,
      `with this file there are more than ${limits.bytes / 1024 ** 2} MiB to read`,
      'import it in parts',
    )
  const bytes = readFileSync(file)
  if (bytes.includes(0)) throw wrong(file, 0, 'holds a NUL byte: it is no text', 'name a configuration')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}
