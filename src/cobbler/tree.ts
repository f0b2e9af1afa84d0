import type { Maybe, Token } from './token.ts'
import { Unfit } from './unfit.ts'

/** A template as blocks inside of blocks. */
export type Node = Extract<Token, { kind: 'text' | 'value' | 'set' | 'snippet' | 'bad' }> | If | For

export interface If {
  readonly kind: 'if'
  readonly branches: Branch[]
  readonly line: number
  last: number
  ends: boolean
}

/** `when` is missing in the last one, when that is an else. */
export interface Branch {
  readonly when?: Maybe
  readonly body: Node[]
  readonly eats: boolean
}

export interface For {
  readonly kind: 'for'
  readonly names: readonly string[]
  readonly list: Maybe
  readonly body: Node[]
  readonly line: number
  last: number
  readonly eats: boolean
  ends: boolean
}

const deepest = 40

/** Tokens as a tree; a block without an end, or an end without a block, becomes something bad in its line. Throws Unfit. */
export function treeOf(tokens: readonly Token[]): Node[] {
  const root: Node[] = []
  const open: (If | For)[] = []
  const here = (): Node[] => bodyOf(open.at(-1)) ?? root
  const bad = (line: number, why: string): void => void here().push({ kind: 'bad', line, why })
  for (const token of tokens) {
    const top = open.at(-1)
    if (token.kind === 'if' || token.kind === 'for') {
      const node = begun(token)
      here().push(node)
      open.push(node)
    } else if (token.kind === 'else') {
      if (top?.kind === 'if' && top.branches.at(-1)!.when !== undefined)
        top.branches.push({ ...(token.when && { when: token.when }), body: [], eats: token.eats })
      else bad(token.line, 'it is an else of nothing that was begun')
    } else if (token.kind === 'end') {
      if (top?.kind !== token.of) bad(token.line, `it ends ${token.of === 'if' ? 'an if' : 'a for'} that was not begun`)
      else {
        top.last = token.last ?? token.line
        top.ends = token.eats
        open.pop()
      }
    } else here().push(token)
    if (open.length > deepest) throw new Unfit(`more than 40 blocks stand in each other, in line ${token.line}`)
  }
  return open.length === 0 ? root : withoutEnd(root, open)
}

function begun(token: Extract<Token, { kind: 'if' | 'for' }>): If | For {
  const { line, eats } = token
  if (token.kind === 'for')
    return { kind: 'for', names: token.names, list: token.list, body: [], line, last: line, eats, ends: eats }
  return { kind: 'if', branches: [{ when: token.when, body: [], eats }], line, last: line, ends: eats }
}

function bodyOf(node: If | For | undefined): Node[] | undefined {
  return node?.kind === 'if' ? node.branches.at(-1)!.body : node?.body
}

/** What stands in a block without an end stays, as if the block had not been begun. */
function withoutEnd(root: Node[], open: readonly (If | For)[]): Node[] {
  const lost = new Set<Node>(open)
  const flat = (nodes: readonly Node[]): Node[] =>
    nodes.flatMap((node): Node[] => {
      if (!lost.has(node) || (node.kind !== 'if' && node.kind !== 'for')) return [node]
      const why = `it begins ${node.kind === 'if' ? 'an if' : 'a for'} that has no end`
      const bodies = node.kind === 'if' ? node.branches.map(({ body }) => body) : [node.body]
      return [{ kind: 'bad', line: node.line, why }, ...bodies.flatMap(flat)]
    })
  return flat(root)
}
