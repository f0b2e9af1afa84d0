import { isMap, isScalar, LineCounter, parseDocument, type Node, type YAMLMap } from 'yaml'
import type { Say } from './family.ts'

/** A YAML answer with the lines of what is in it. */
export interface Yaml {
  readonly value: unknown
  /** Where the key or value at that path stands, or the deepest part of it that is there; 1-based. */
  readonly lineOf: (...path: readonly (string | number)[]) => number
}

const largest = 1 << 18

/** Undefined where it cannot be read at all, which is said with its line. */
export function readYaml(text: string, say: Say): Yaml | undefined {
  if (text.length > largest) return say(1, 'the answer is larger than 256 KiB')
  if (deepestIndent(text) > 400) return say(1, 'the answer is nested too deeply')
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent', version: '1.1' })
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line)
  for (const { pos, message } of document.errors)
    say(lineAt(pos[0]), `no YAML: ${message.split('\n')[0]!.replace(/ at line \d+.*/, '')}`)
  if (document.errors.length > 0) return undefined
  try {
    return {
      value: document.toJS({ maxAliasCount: 100 }),
      lineOf: (...path) => lineAt(offsetOf(document.contents, path)),
    }
  } catch (error) {
    return say(1, `no YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function deepestIndent(text: string): number {
  let deepest = 0
  let open = 0
  for (const character of text) {
    if (character === '[' || character === '{') deepest = Math.max(deepest, ++open)
    else if (character === ']' || character === '}') open -= 1
  }
  return Math.max(deepest, /^ {800}/m.test(text) ? 401 : 0)
}

function offsetOf(root: Node | null, path: readonly (string | number)[]): number {
  let node: unknown = root
  let offset = root?.range?.[0] ?? 0
  for (const step of path) {
    const pair = isMap(node) ? pairOf(node, step) : undefined
    if (pair) offset = pair.offset
    node = pair ? pair.value : isItems(node) ? node.items[Number(step)] : undefined
    offset = pair ? offset : (rangeOf(node) ?? offset)
  }
  return offset
}

function pairOf(map: YAMLMap, step: string | number): { readonly offset: number; readonly value: unknown } | undefined {
  const pair = map.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
  return pair && { offset: rangeOf(pair.key) ?? 0, value: pair.value }
}

function isItems(node: unknown): node is { readonly items: readonly unknown[] } {
  return typeof node === 'object' && node !== null && 'items' in node
}

function rangeOf(node: unknown): number | undefined {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined
  return Array.isArray(range) ? Number(range[0]) : undefined
}

export type Mapping = Readonly<Record<string, unknown>>

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : []
}
