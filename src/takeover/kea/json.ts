import { readTree, wrong, type TextFile } from '../network/text.ts'
import type { LeftList } from '../told.ts'

/** A value of Kea's JSON, with where it stands. */
export interface Json {
  readonly value: string | number | boolean | null | readonly Json[] | ReadonlyMap<string, Json>
  readonly file: string
  readonly line: number
}

const deepest = 60
const shapes =
  /\s+|(?:#|\/\/)[^\n]*|(?<comment>\/\*)|<\?include\s+"(?<include>[^"\n]*)"\s*\?>|(?<text>"(?:[^"\\\n]|\\[^\n])*")|(?<word>[-+\w.]+)|(?<mark>[{}[\],:])/y

interface Word {
  readonly kind: 'text' | 'word' | 'mark'
  readonly text: string
  readonly file: string
  readonly line: number
}

/** JSON with the comments, includes and commas at the end that Kea takes. Throws `config-invalid` with file and line. */
export function readKeaFile(file: string, left: LeftList): Json {
  const words: Word[] = []
  readTree(file, left, (text, include) => collect(text, words, include))
  const reader = new Reader(words, file)
  return reader.whole()
}

function collect({ file, text }: TextFile, words: Word[], include: (name: string, line: number) => void): void {
  let line = 1
  for (let at = 0; at < text.length;) {
    shapes.lastIndex = at
    const found = shapes.exec(text)
    if (!found) throw wrong(file, line, 'this is no JSON', 'name the kea-dhcp4.conf of the old server')
    let end = shapes.lastIndex
    const { comment, include: name, text: quoted, word, mark } = found.groups!
    if (comment !== undefined) {
      end = text.indexOf('*/', at) + 2
      if (end < 2) throw wrong(file, line, 'the comment that begins here is never closed', 'close it with */')
    } else if (name !== undefined) include(name, line)
    else if (quoted !== undefined) words.push({ kind: 'text', text: unquoted(quoted, file, line), file, line })
    else if (word !== undefined) words.push({ kind: 'word', text: word, file, line })
    else if (mark !== undefined) words.push({ kind: 'mark', text: mark, file, line })
    for (let next = text.indexOf('\n', at); next >= 0 && next < end; next = text.indexOf('\n', next + 1)) line++
    at = end
  }
}

function unquoted(text: string, file: string, line: number): string {
  try {
    return JSON.parse(text) as string
  } catch {
    throw wrong(file, line, 'this text is none of JSON', 'write it as JSON has it')
  }
}

class Reader {
  readonly #words: readonly Word[]
  readonly #file: string
  #at = 0

  constructor(words: readonly Word[], file: string) {
    this.#words = words
    this.#file = file
  }

  whole(): Json {
    const value = this.#value(0)
    const more = this.#words[this.#at]
    if (more) throw wrong(more.file, more.line, 'something stands behind the end of the JSON', 'take it out')
    return value
  }

  #value(depth: number): Json {
    const word = this.#next()
    const { file, line, text } = word
    if (depth > deepest) throw wrong(file, line, `values are nested more than ${deepest} deep`, 'no Kea needs that')
    if (word.kind === 'text') return { value: text, file, line }
    if (word.kind === 'word') return { value: plain(word), file, line }
    if (text === '{') return { value: this.#map(depth), file, line }
    if (text === '[') return { value: this.#list(depth), file, line }
    throw wrong(file, line, `a ${text} stands where a value should`, 'write it as JSON has it')
  }

  #map(depth: number): ReadonlyMap<string, Json> {
    const map = new Map<string, Json>()
    while (!this.#take('}')) {
      const key = this.#next()
      if (key.kind !== 'text') throw wrong(key.file, key.line, 'a key of JSON stands in quotes', 'put it in quotes')
      this.#need(':')
      map.set(key.text, this.#value(depth + 1))
      if (this.#words[this.#at]?.text !== '}') this.#need(',')
    }
    return map
  }

  #list(depth: number): readonly Json[] {
    const list: Json[] = []
    while (!this.#take(']')) {
      list.push(this.#value(depth + 1))
      if (this.#words[this.#at]?.text !== ']') this.#need(',')
    }
    return list
  }

  #next(): Word {
    const word = this.#words[this.#at++]
    if (!word) throw wrong(this.#file, this.#words.at(-1)?.line ?? 1, 'the JSON ends too early', 'close what is open')
    return word
  }

  #take(mark: string): boolean {
    const word = this.#words[this.#at]
    if (word?.kind !== 'mark' || word.text !== mark) return false
    this.#at++
    return true
  }

  #need(mark: string): void {
    const word = this.#next()
    if (word.kind !== 'mark' || word.text !== mark)
      throw wrong(word.file, word.line, `a ${mark} is missing before this`, 'write it as JSON has it')
  }
}

function plain({ text, file, line }: Word): number | boolean | null {
  if (text === 'true' || text === 'false') return text === 'true'
  if (text === 'null') return null
  const value = Number(text)
  if (text === '' || !Number.isFinite(value)) throw wrong(file, line, 'this is no value of JSON', 'put texts in quotes')
  return value
}

/** The map that it is; an empty one for anything else. */
export function mapOf(json: Json | undefined): ReadonlyMap<string, Json> {
  return json?.value instanceof Map ? (json.value as ReadonlyMap<string, Json>) : new Map()
}

export function listOf(json: Json | undefined): readonly Json[] {
  return Array.isArray(json?.value) ? (json.value as readonly Json[]) : []
}

export function textOf(json: Json | undefined): string | undefined {
  return typeof json?.value === 'string' && json.value.trim() !== '' ? json.value.trim() : undefined
}

export function numberOf(json: Json | undefined): number | undefined {
  return typeof json?.value === 'number' ? json.value : undefined
}
