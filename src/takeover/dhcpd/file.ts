import { readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { Fault } from '../../fault.ts'
import { wrong } from '../network/text.ts'
import { readWords, type Word } from './words.ts'
import type { LeftList } from '../told.ts'

/** `option routers 10.0.0.1;`, or `subnet … { … }` with what stands in it. */
export interface Statement {
  readonly words: readonly Word[]
  readonly block?: readonly Statement[]
  readonly file: string
  readonly line: number
}

const limits = { bytes: 32 * 1024 ** 2, depth: 100, includes: 16 }

/**
 * A dhcpd.conf and what it includes, as its statements nest. An include that cannot be read is told. Throws `config-invalid` for what is no
 * dhcpd.conf, `request-invalid` for a file that is not there.
 */
export function readDhcpdFile(file: string, left: LeftList): readonly Statement[] {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new Fault('request-invalid', `${file} is no file`, { hint: 'name the dhcpd.conf of the old server' })
  return new Reader(dirname(resolve(file)), left).read(file, [])
}

interface Open {
  readonly words: readonly Word[]
  readonly block: Statement[]
}

class Reader {
  readonly #base: string
  readonly #left: LeftList
  #bytes = 0

  constructor(base: string, left: LeftList) {
    this.#base = base
    this.#left = left
  }

  read(file: string, inside: readonly string[]): readonly Statement[] {
    const root: Statement[] = []
    const open: Open[] = []
    let words: Word[] = []
    let braces = 0
    for (const word of readWords(file, this.#text(file))) {
      const mark = word.quoted ? '' : word.text
      const block = open.at(-1)?.block ?? root
      // `option x code 100 = { integer 8, text };`: braces that belong to the statement.
      const inner = braces > 0 || (mark === '{' && words.at(-1)?.text === '=')
      if (inner) {
        braces += mark === '{' ? 1 : mark === '}' ? -1 : 0
        if (mark === ';')
          throw wrong(file, word.line, 'a ; stands inside of a value in braces', 'close the brace before it')
        words.push(word)
      } else if (mark === '{') {
        if (words.length === 0) throw wrong(file, word.line, 'a { stands without a word before it', 'name what it is')
        if (open.length >= limits.depth)
          throw wrong(file, word.line, `blocks are nested more than ${limits.depth} deep`, 'no dhcpd.conf needs that')
        open.push({ words, block: [] })
        words = []
      } else if (mark === '}') {
        if (words.length > 0) throw noSemicolon(file, words)
        const done = open.pop()
        if (!done) throw wrong(file, word.line, 'a } closes nothing', 'take it out, or look for a { that is missing')
        const outer = open.at(-1)?.block ?? root
        outer.push({ words: done.words, block: done.block, file, line: done.words[0]!.line })
      } else if (mark === ';') {
        if (words.length > 0) this.#add(block, { words, file, line: words[0]!.line }, [...inside, file])
        words = []
      } else words.push(word)
    }
    if (words.length > 0) throw noSemicolon(file, words)
    const unclosed = open.at(-1)
    if (unclosed)
      throw wrong(
        file,
        unclosed.words[0]!.line,
        `the block that begins here (${keyword(unclosed.words)}) is never closed`,
        'close it with }',
      )
    return root
  }

  #add(block: Statement[], statement: Statement, inside: readonly string[]): void {
    const [first, path] = statement.words
    if (first!.text !== 'include' || !path) return void block.push(statement)
    const found = this.#find(path.text)
    if (found === undefined)
      return this.#left.add(statement.file, `include ${path.text.slice(0, 200)}: it is not there`, statement.line)
    if (inside.includes(found))
      throw wrong(statement.file, statement.line, `${found} includes itself`, 'take the include out')
    if (inside.length >= limits.includes)
      throw wrong(
        statement.file,
        statement.line,
        `files include each other more than ${limits.includes} deep`,
        'take the include out',
      )
    try {
      for (const each of this.read(found, inside)) block.push(each)
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (error instanceof Fault || (code !== 'EACCES' && code !== 'ENOENT' && code !== 'EISDIR')) throw error
      this.#left.add(statement.file, `include ${found}: cannot be read (${code})`, statement.line)
    }
  }

  /** Where it says, or, of files that were carried here from another server, beside the first one. */
  #find(path: string): string | undefined {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.')
    const beside = parts.includes('..') ? [] : parts.map((_, from) => join(this.#base, ...parts.slice(from)))
    const places = isAbsolute(path) ? [path, ...beside] : [resolve(this.#base, path), ...beside]
    try {
      return places.find((place) => statSync(place, { throwIfNoEntry: false })?.isFile())
    } catch {
      // A name with a NUL, too long, a link in a circle, a directory that nobody may enter.
      return undefined
    }
  }

  #text(file: string): string {
    const { size } = statSync(file)
    if ((this.#bytes += size) > limits.bytes)
      throw wrong(
        file,
        0,
        `with this file there are more than ${limits.bytes / 1024 ** 2} MiB to read`,
        'import it in parts',
      )
    const bytes = readFileSync(file)
    const nul = bytes.indexOf(0)
    if (nul >= 0)
      throw wrong(
        file,
        bytes.subarray(0, nul).toString('latin1').split('\n').length,
        'holds a NUL byte: it is no text',
        'name a dhcpd.conf',
      )
    return decode(bytes)
  }
}

/** dhcpd does not mind how comments are encoded. */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}

function noSemicolon(file: string, words: readonly Word[]): Fault {
  return wrong(file, words[0]!.line, `the statement that begins here (${keyword(words)}) has no ;`, 'end it with ;')
}

/** Only what cannot be a secret: values are never repeated. */
export function keyword([first]: readonly Word[]): string {
  return first && !first.quoted && /^[a-z][a-z0-9-]{0,40}$/i.test(first.text)
    ? first.text.toLowerCase()
    : 'of an unknown kind'
}
