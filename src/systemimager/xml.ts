import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { quote } from '../config/problem.ts'
import { Fault } from '../fault.ts'

/** An element of cluster.xml or clients.xml. */
export interface Element {
  readonly name: string
  /** 1-based. */
  readonly line: number
  /** What stands directly inside, without the blanks around it. */
  readonly text: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
}

const longest = 4 * 1024 ** 2
const deepest = 20
const most = 200_000

/**
 * The root element of an XML file. No DOCTYPE, and of entities only the five of XML itself: so nothing expands, and no other file is
 * read. Throws `config-invalid` with file and line.
 */
export function readXml(file: string, text: string): Element {
  const refuse = (line: number, message: string, hint: string): never => {
    throw new Fault('config-invalid', message, { file, hint, ...(line > 0 && { line }) })
  }
  if (text.length > longest) refuse(0, 'is larger than 4 MiB', 'no file of SystemImager is')
  const bare = withoutComments(text)
  const odd = /<!|<\?(?!xml\s)|&(?!(?:lt|gt|amp|quot|apos);)|\0/.exec(bare)
  if (odd) {
    const what = quote(bare.slice(odd.index, odd.index + 30).trim())
    refuse(lineAt(bare, odd.index), `not read: ${what}`, 'take out document types and entities, and write & as &amp;')
  }
  const depth = deepestOf(bare)
  if (depth.line > 0)
    refuse(depth.line, 'elements are nested too deep, or too many', 'no file of SystemImager is like that')
  const valid = XMLValidator.validate(bare)
  if (valid !== true) refuse(valid.err.line, `this is not XML: ${quote(valid.err.msg)}`, 'mend it as xmllint tells')
  const [root] = elementsOf(parsed(bare, refuse), new Lines(bare))
  return root ?? refuse(1, 'there is no element', 'the file begins with its root element')
}

const options = {
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: true,
  ignoreDeclaration: true,
  captureMetaData: true,
} as const

/** What the validator let through may still be nothing to the parser. */
function parsed(text: string, refuse: (line: number, message: string, hint: string) => never): unknown {
  try {
    return new XMLParser(options).parse(text)
  } catch (error) {
    return refuse(0, `this is not XML: ${quote((error as Error).message)}`, 'mend it as xmllint tells')
  }
}

/** Blanks instead, so that lines stay what they are. One that does not end stays, and is refused. */
function withoutComments(text: string): string {
  const kept: string[] = []
  let from = 0
  for (let at = text.indexOf('<!--'); at >= 0; at = text.indexOf('<!--', from)) {
    const end = text.indexOf('-->', at + 4)
    if (end < 0) break
    kept.push(text.slice(from, at), text.slice(at, end + 3).replaceAll(/[^\n]/g, ' '))
    from = end + 3
  }
  return kept.join('') + text.slice(from)
}

/** Counted before the parser sees it, which goes into each element by a call. */
function deepestOf(text: string): { readonly line: number } {
  let [depth, count] = [0, 0]
  for (const match of text.matchAll(/<(\/?)[A-Za-z_][^<>]*?(\/?)>/g)) {
    if (match[1] === '/') depth--
    else if (match[2] === '') depth++
    if (depth > deepest || ++count > most) return { line: lineAt(text, match.index) }
  }
  return { line: 0 }
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

/** Elements come in order, so each line is counted on from the one before. */
class Lines {
  readonly #text: string
  #at = 0
  #line = 1

  constructor(text: string) {
    this.#text = text
  }

  of(index: number): number {
    for (; this.#at < index; this.#at++) if (this.#text[this.#at] === '\n') this.#line++
    return this.#line
  }
}

type Node = Readonly<Record<string | symbol, unknown>>

function elementsOf(nodes: unknown, lines: Lines): Element[] {
  return listOf(nodes).flatMap((node) => {
    const name = Object.keys(node).find((key) => key !== ':@' && key !== '#text')
    if (name === undefined) return []
    const place = node[XMLParser.getMetaDataSymbol() as symbol] as { readonly startIndex?: number } | undefined
    const line = lines.of(place?.startIndex ?? 0)
    const inner = listOf(node[name])
    const text = inner.map((one) => one['#text']).filter((part) => typeof part === 'string')
    const attributes = (node[':@'] ?? {}) as Readonly<Record<string, string>>
    return [{ name, line, text: text.join(' ').trim(), attributes, children: elementsOf(inner, lines) }]
  })
}

function listOf(nodes: unknown): readonly Node[] {
  return Array.isArray(nodes) ? (nodes as Node[]) : []
}
