import { wrong } from '../network/text.ts'

/** A word of dhcpd.conf with its line; `quoted` ones stood between quotes, and are text whatever they look like. */
export interface Word {
  readonly text: string
  readonly quoted: boolean
  readonly line: number
}

const blank = /[^\S\n]+/y
const plain = /[^\s#"{};,=()]+/y
const marks = '{};,=()'

/** The words of dhcpd.conf, marks among them: what common/conflex.c of ISC DHCP reads. Throws `config-invalid` with file and line. */
export function* readWords(file: string, text: string): Generator<Word> {
  let line = 1
  let at = 0
  while (at < text.length) {
    const sign = text[at]!
    const from = at
    if (sign === '\n') {
      line++
      at++
    } else if (sign === '#') at = endOfLine(text, at)
    else if (sign === '"') {
      at = endOfString(text, at)
      if (at < 0) throw wrong(file, line, 'the text that begins here has no closing quote', 'close it with "')
      yield { text: unescape(text.slice(from + 1, at - 1)), quoted: true, line }
      line += newlines(text, from, at)
    } else if (marks.includes(sign)) {
      at++
      yield { text: sign, quoted: false, line }
    } else if ((at = matchEnd(blank, text, from)) === from) {
      at = matchEnd(plain, text, from)
      yield { text: text.slice(from, at), quoted: false, line }
    }
  }
}

function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

/** Behind the closing quote; -1 when there is none. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  return -1
}

const escapes: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n', b: '\b' }

function unescape(text: string): string {
  return text.replaceAll(
    /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|([^]))/g,
    (_, hex?: string, octal?: string, sign = '') => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 255)
      return escapes[sign] ?? sign
    },
  )
}

function newlines(text: string, from: number, to: number): number {
  let count = 0
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count++
  return count
}
