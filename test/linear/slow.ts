import { end, every, readPattern, word, type Chars, type Node } from './pattern.ts'

/** Repeats up to so many times are a constant; more are as good as any number. */
const few = 64

interface Place {
  readonly chars: Chars
  readonly next: Set<Place>
  /** The whole expression fits when it has come here. */
  isEnd: boolean
}

interface Part {
  readonly first: readonly Place[]
  readonly last: readonly Place[]
  readonly isEmpty: boolean
}

const nothing: Part = { first: [], last: [], isEmpty: true }

/**
 * Why an expression may need more than time in proportion to its text: two repeats that can share the same text in more than one way, one of
 * which may be the search for where the expression begins. Undefined: it does not. What fits must be followed by something that may not fit.
 */
export function slowness(source: string, flags: string): string | undefined {
  const top = readPattern(source, flags)
  for (const node of top.kind === 'either' ? top.nodes : [top]) {
    const why = slownessOf(node, flags.includes('y'))
    if (why !== undefined) return why
  }
  return undefined
}

function slownessOf(node: Node, isSticky: boolean): string | undefined {
  const places: Place[] = []
  const looks: Node[] = []
  const twice: Place[] = []
  const part = partOf(node, { places, looks, twice })
  if (twice.length > 0) return 'a repeat of a repeat'
  for (const place of part.last) place.isEnd = true
  const isFixed = isSticky || beginsAtStart(node)
  if (!isFixed) search(node, part, places)
  for (const look of looks) {
    const why = slownessOf(look, isFixed)
    if (why !== undefined) return `looking ahead: ${why}`
  }
  return shared(places)
}

/** The search that tries every beginning: any text, and then the expression, behind a character that may stand before it. */
function search(node: Node, { first }: Part, places: Place[]): void {
  const gate = makePlace(beforeOf(node), places)
  for (const place of first) gate.next.add(place)
  const any = makePlace(every, places)
  any.next.add(any)
  any.next.add(gate)
  if (gate.chars === every) for (const place of first) any.next.add(place)
}

function makePlace(chars: Chars, places: Place[]): Place {
  const place: Place = { chars, next: new Set(), isEnd: false }
  places.push(place)
  return place
}

interface Made {
  readonly places: Place[]
  readonly looks: Node[]
  readonly twice: Place[]
}

function partOf(node: Node, made: Made): Part {
  switch (node.kind) {
    case 'chars': {
      const place = makePlace(node.chars, made.places)
      return { first: [place], last: [place], isEmpty: false }
    }
    case 'all':
      return node.nodes.map((one) => partOf(one, made)).reduce((a, b) => joined(a, b, made), nothing)
    case 'either': {
      const parts = node.nodes.map((one) => partOf(one, made))
      return {
        first: parts.flatMap(({ first }) => first),
        last: parts.flatMap(({ last }) => last),
        isEmpty: parts.some(({ isEmpty }) => isEmpty),
      }
    }
    case 'repeat': {
      const part = partOf(node.node, made)
      if (node.most > few) connect(part.last, part.first, made)
      return { ...part, isEmpty: part.isEmpty || node.least === 0 }
    }
    case 'look':
      if (!node.before) made.looks.push(node.node)
      return nothing
    case 'start':
    case 'boundary':
      return nothing
  }
}

function joined(a: Part, b: Part, made: Made): Part {
  connect(a.last, b.first, made)
  return {
    first: a.isEmpty ? [...a.first, ...b.first] : a.first,
    last: b.isEmpty ? [...a.last, ...b.last] : b.last,
    isEmpty: a.isEmpty && b.isEmpty,
  }
}

function connect(last: readonly Place[], first: readonly Place[], made: Made): void {
  for (const from of last) {
    for (const to of first) {
      if (from.next.has(to)) made.twice.push(to)
      from.next.add(to)
    }
  }
}

/** The expression fits at one place of the text alone. */
function beginsAtStart(node: Node): boolean {
  if (node.kind === 'start') return true
  if (node.kind === 'either') return node.nodes.every(beginsAtStart)
  if (node.kind === 'repeat') return node.least > 0 && beginsAtStart(node.node)
  if (node.kind !== 'all') return false
  const first = inOrder(node).find(({ kind }) => kind !== 'look' && kind !== 'boundary')
  return first !== undefined && beginsAtStart(first)
}

/** Groups that only hold together are opened. */
function inOrder(node: Node): readonly Node[] {
  return node.kind === 'all' ? node.nodes.flatMap(inOrder) : [node]
}

/** Which characters may stand before the expression. */
function beforeOf(node: Node): Chars {
  const nodes = inOrder(node)
  let before = every
  for (const [at, one] of nodes.entries()) {
    if (one.kind === 'look' && one.before) before &= lookedFor(one)
    else if (one.kind === 'boundary') before &= otherSide(nodes[at + 1])
    else if (one.kind !== 'look') break
  }
  return before
}

function lookedFor({ node, not }: Node & { kind: 'look' }): Chars {
  const one = node.kind === 'all' && node.nodes.length === 1 ? node.nodes[0]! : node
  if (one.kind !== 'chars') return every
  return not ? every & ~one.chars : one.chars
}

function otherSide(next: Node | undefined): Chars {
  const made: Made = { places: [], looks: [], twice: [] }
  const { first, isEmpty } = next ? partOf(next, made) : nothing
  const all = first.reduce((sum, { chars }) => sum | chars, 0n)
  if (isEmpty || first.length === 0) return every
  if ((all & ~word) === 0n) return every & ~word
  return (all & word) === 0n ? word : every
}

function shared(places: readonly Place[]): string | undefined {
  const reached = new Map(places.map((place) => [place, reach(place)]))
  const loops = places.filter((place) => reached.get(place)!.has(place))
  const circle = (place: Place): ReadonlySet<Place> =>
    new Set(loops.filter((other) => reached.get(place)!.has(other) && reached.get(other)!.has(place)))
  for (const p of loops) {
    for (const q of loops) {
      if (p === q || q.isEnd || isSure(q) || !reached.get(p)!.has(q)) continue
      if (sharesText(p, q, circle(p), circle(q))) return 'two repeats can take the same text'
    }
  }
  return undefined
}

/** Whatever follows, the expression fits: a failure that would try all ways never comes. */
function isSure(place: Place): boolean {
  const ends = [...place.next].some(({ chars, isEnd }) => isEnd && (chars & end) !== 0n)
  return place.chars === every && place.next.has(place) && ends
}

function reach(from: Place): ReadonlySet<Place> {
  const found = new Set<Place>()
  const open = [...from.next]
  for (let place = open.pop(); place; place = open.pop()) {
    if (found.has(place)) continue
    found.add(place)
    open.push(...place.next)
  }
  return found
}

/** Whether one and the same text leads from p to p, from p to q, and from q to q (Weber and Seidl's test of infinite ambiguity). */
function sharesText(p: Place, q: Place, ofP: ReadonlySet<Place>, ofQ: ReadonlySet<Place>): boolean {
  const seen = new Set<string>()
  const numbers = new Map<Place, number>()
  const number = (place: Place): number => numbers.get(place) ?? (numbers.set(place, numbers.size), numbers.size - 1)
  const open: (readonly [Place, Place, Place])[] = [[p, p, q]]
  for (let triple = open.pop(); triple; triple = open.pop()) {
    const [a, b, c] = triple
    for (const x of a.next) {
      if (!ofP.has(x)) continue
      for (const z of c.next) {
        if (!ofQ.has(z) || (x.chars & z.chars & ~end) === 0n) continue
        for (const y of b.next) {
          if ((x.chars & y.chars & z.chars & ~end) === 0n) continue
          if (x === p && y === q && z === q) return true
          const key = `${number(x)} ${number(y)} ${number(z)}`
          if (seen.has(key)) continue
          seen.add(key)
          open.push([x, y, z])
        }
      }
    }
  }
  return false
}
