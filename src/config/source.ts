import type { Problem, Complaint, Path } from './problem.ts'
import { formatPath } from './problem.ts'
import { readQuickly } from './quick.ts'
import type { Quick } from './quick.ts'
import { atOnce, type Slices } from './slices.ts'
import { positionIn, YamlTree, YamlTrouble } from './yaml.ts'
import type { Position } from './yaml.ts'

/** Files below this go to the whole parser at once: they are read in milliseconds anyway. */
const small = 16 * 1024

/** One file of the site directory, read, with the way back from a key to its line. */
export class Source {
  readonly file: string
  readonly #text: string
  readonly #quick: Quick | undefined
  #value: unknown
  #tree: YamlTree | undefined
  #lines: readonly string[] | undefined

  /** Throws YamlTrouble; `troubleIn` tells it. */
  constructor(file: string, text: string, quick: Quick | undefined = atOnce(quickOf(text))) {
    this.file = file
    this.#text = text
    this.#quick = quick
    this.#value = this.#quick ? this.#quick.value : this.#whole().toValue()
  }

  /** The same in pieces. What is not in the plain style of fleets is one piece. */
  static *reading(file: string, text: string): Slices<Source> {
    const quick = yield* quickOf(text)
    return new Source(file, text, quick)
  }

  /** Megabytes in a style that only the whole parser reads: seconds in which nobody is answered. */
  get isSlow(): boolean {
    return this.#quick === undefined && this.#text.length > 1024 ** 2
  }

  /** What the file says; only once, because a fleet is large and what is made of it replaces it. */
  takeValue(): unknown {
    const value = this.#value
    this.#value = undefined
    return value
  }

  /** The line of a key, or of an item of a list at the top level. */
  lineOf(list: string, index?: number): number {
    if (index === undefined) return this.#locate([list], 'key').line
    return this.#quick?.items.get(list)?.[index]?.start ?? this.#whole().locate([list, index]).line
  }

  problem(path: Path, complaint: Complaint, of: 'key' | 'value' = 'value'): Problem {
    const { line, column, depth } = this.#locate(path, of)
    return { file: this.file, line, column, field: formatPath(path.slice(0, depth)), severity: 'error', ...complaint }
  }

  /** Lets go of the syntax tree, which is many times larger than the text. It comes back when it is needed. */
  release(): void {
    this.#tree = undefined
    this.#lines = undefined
  }

  #whole(): YamlTree {
    return (this.#tree ??= YamlTree.parse(this.#text))
  }

  /** In a big file only the item in question is parsed again. */
  #locate(path: Path, of: 'key' | 'value'): Position & { readonly depth: number } {
    const [list, index, ...rest] = path
    const item = typeof index === 'number' ? this.#quick?.items.get(String(list))?.[index] : undefined
    if (!item) return this.#whole().locate(path, of)
    this.#lines ??= this.#text.split('\n')
    const lines = this.#lines.slice(item.start - 1, item.end - 1)
    const { line, column, depth } = YamlTree.parse(lines.join('\n')).locate([0, ...rest], of)
    return { line: line + item.start - 1, column, depth: depth + 1 }
  }
}

function* quickOf(text: string): Slices<Quick | undefined> {
  return text.length > small ? yield* readQuickly(text) : undefined
}

/** What a file that is no YAML gets told; other errors are thrown on. */
export function troubleIn(file: string, text: string, error: unknown): Problem {
  if (!(error instanceof YamlTrouble)) throw error
  return { file, ...positionIn(text, error.offset), field: '', severity: 'error', ...error.complaint }
}
