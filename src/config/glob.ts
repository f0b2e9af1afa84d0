/** Whether a text fits a pattern. */
export interface Glob {
  test(text: string): boolean
}

/**
 * A path and all below it: `*` and `?` stay within one name, `**` does not, and `**` with a slash is any number of directories, none
 * included.
 */
export function pathGlob(pattern: string): Glob {
  return new Machine(stepsOf(pattern, inPath), '/')
}

/** A name, whole: `*` is any text, `?` any character. */
export function nameGlob(pattern: string): Glob {
  return new Machine(stepsOf(pattern, inName), undefined)
}

export function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern)
}

/** `one`: that character. `any` and `loop`: one, or any number of all but `not`. `skip`: the next two steps may be left out. */
type Step =
  | { readonly kind: 'one'; readonly code: number }
  | { readonly kind: 'any' | 'loop'; readonly not: number }
  | { readonly kind: 'skip' }

const slash = 47
const nothing = -1
const everything: Step = { kind: 'loop', not: nothing }

const inPath: Readonly<Record<string, readonly Step[]>> = {
  '**/': [{ kind: 'skip' }, everything, { kind: 'one', code: slash }],
  '**': [everything],
  '*': [{ kind: 'loop', not: slash }],
  '?': [{ kind: 'any', not: slash }],
}
const inName: typeof inPath = { '*': [everything], '?': [{ kind: 'any', not: nothing }] }

function stepsOf(pattern: string, words: typeof inPath): readonly Step[] {
  const steps: Step[] = []
  let before = ''
  for (let at = 0; at < pattern.length;) {
    const word = [3, 2, 1].map((size) => pattern.slice(at, at + size)).find((part) => Object.hasOwn(words, part))
    at += word?.length ?? 1
    if (word !== undefined && addsNothing(word, before, words)) continue
    steps.push(...(word === undefined ? [{ kind: 'one' as const, code: pattern.charCodeAt(at - 1) }] : words[word]!))
    before = word ?? ''
  }
  return steps
}

/** More stars after those that fit everything, or any number of directories after any number of them. */
function addsNothing(word: string, before: string, words: typeof inPath): boolean {
  return word !== '?' && (words[before]?.[0] === everything || (word === '**/' && before === '**/'))
}

/**
 * All places of the pattern at which the text may stand, at once: each character is looked at one time for each of them. A regular
 * expression would try one after the other, and needs hours for `a*a*a*a*b`.
 */
class Machine implements Glob {
  readonly #steps: readonly Step[]
  /** After this character the rest of the text does not count. */
  readonly #end: number
  /** Begins every text that fits. */
  readonly #head: string
  /** Where the pattern ends in any text at all: from there on everything fits. */
  readonly #open: number
  /** When each place was last entered. */
  readonly #entered: Uint32Array
  #turn = 0

  constructor(steps: readonly Step[], end: string | undefined) {
    this.#steps = steps
    this.#end = end?.charCodeAt(0) ?? nothing
    this.#entered = new Uint32Array(steps.length + 1)
    this.#open = steps.at(-1) === everything ? steps.length - 1 : nothing
    let head = ''
    for (const step of steps) {
      if (step.kind !== 'one') break
      head += String.fromCharCode(step.code)
    }
    this.#head = head
  }

  test(text: string): boolean {
    if (!text.startsWith(this.#head)) return false
    let places: number[] = []
    this.#nextTurn()
    this.#enter(places, this.#head.length)
    for (let at = this.#head.length; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (this.#isAt(this.#open) || (code === this.#end && this.#isAt(this.#steps.length))) return true
      this.#nextTurn()
      const next: number[] = []
      for (const place of places) this.#step(next, place, code)
      if (next.length === 0) return false
      places = next
    }
    return this.#isAt(this.#steps.length)
  }

  #step(next: number[], place: number, code: number): void {
    const step = this.#steps[place]
    if (step?.kind === 'one') {
      if (step.code === code) this.#enter(next, place + 1)
    } else if (step?.kind === 'any') {
      if (step.not !== code) this.#enter(next, place + 1)
    } else if (step?.kind === 'loop' && step.not !== code) this.#enter(next, place)
  }

  /** That place, and those that are reached from it without a character. */
  #enter(places: number[], place: number): void {
    for (let at = place; this.#entered[at] !== this.#turn; at++) {
      this.#entered[at] = this.#turn
      places.push(at)
      const kind = this.#steps[at]?.kind
      if (kind === 'skip') this.#enter(places, at + 3)
      if (kind !== 'loop' && kind !== 'skip') return
    }
  }

  #isAt(place: number): boolean {
    return this.#entered[place] === this.#turn
  }

  #nextTurn(): void {
    if (this.#turn === 0xffff_ffff) this.#entered.fill((this.#turn = 0))
    this.#turn++
  }
}
