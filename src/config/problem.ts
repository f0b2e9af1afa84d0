import { Fault } from '../fault.ts'

/** One thing that is wrong, or looks wrong, in a site directory. */
export interface Problem {
  /** Relative to the site directory; the directory itself when it concerns no file. */
  readonly file: string
  /** 1-based; 0 when the problem has no place inside the file. */
  readonly line: number
  readonly column?: number
  /** The path of keys: `machines[3].mac`. Empty when the whole file is meant. */
  readonly field: string
  readonly message: string
  /** What to do next, one sentence. */
  readonly hint: string
  /** A site with an error is not used; one with warnings is. */
  readonly severity: 'error' | 'warning'
}

/** What a finder of problems says; the place is added by whoever knows the file. */
export interface Complaint {
  readonly message: string
  readonly hint: string
  readonly severity?: 'error' | 'warning'
}

export type Path = readonly (string | number)[]

/** Takes a complaint about a noun of the site (or its server settings) at a key of it. */
export type Reporter = (noun: object, path: Path, complaint: Complaint | (() => Complaint)) => void

/** The first problems in full; of the rest only their number, because placing and printing 100 000 of them helps nobody. */
export class ProblemList {
  readonly #list: Problem[] = []
  #more = 0

  add(make: () => Problem): void {
    if (this.#list.length < 200) this.#list.push(make())
    else this.#more++
  }

  of(file: string): readonly Problem[] {
    if (this.#more === 0) return this.#list
    const message = `${this.#more} more problems like these`
    return [
      ...this.#list,
      { file, line: 0, field: '', message, hint: 'mend the first ones and look again', severity: 'error' },
    ]
  }
}

/** The problem as the error that edges translate: `fleet.yaml:7: machines[0].mac: … (…)`. */
export function faultOf(problem: Problem): Fault {
  const { file, line, field, message, hint } = problem
  return new Fault('config-invalid', message, {
    file,
    hint,
    ...(line > 0 ? { line } : {}),
    ...(field === '' ? {} : { field }),
  })
}

/** `fleet.yaml:7:10: machines[0].mac: not a MAC address: zz (write six hex pairs: …)` */
export function formatProblem(problem: Problem): string {
  const { file, line, column, field, message, hint, severity } = problem
  const place = [file, ...(line > 0 ? [line, ...(column === undefined ? [] : [column])] : [])].join(':')
  return `${place}: ${severity === 'warning' ? 'warning: ' : ''}${field && `${field}: `}${message} (${hint})`
}

/** `['machines', 3, 'mac']` as people read it: `machines[3].mac`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return text === '' ? step : `${text}.${step}`
  }, '')
}

/** Text out of a file, safe to print in one line: control characters escaped, at most 60 characters. */
export function quote(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text
  return JSON.stringify(short).slice(1, -1).replaceAll('\\"', '"')
}
