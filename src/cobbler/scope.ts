import type { Names } from './meaning.ts'
import type { Value } from './value.ts'

/** The variables that a template sets for itself, before those that it is given. */
export class Scope implements Names {
  readonly #given: Names
  /** What snippets see as well. */
  readonly globals: Map<string, Value>
  readonly locals: Map<string, Value>

  constructor(
    given: Names,
    globals: ReadonlyMap<string, Value> = new Map(),
    locals: ReadonlyMap<string, Value> = new Map(),
  ) {
    this.#given = given
    this.globals = new Map(globals)
    this.locals = new Map(locals)
  }

  find(name: string): Value | undefined {
    return this.locals.get(name) ?? this.globals.get(name) ?? this.#given.find(name)
  }

  set(name: string, value: Value, global: boolean): void {
    if (global) this.globals.set(name, value)
    else this.locals.set(name, value)
  }

  fork(): Scope {
    return new Scope(this.#given, this.globals, this.locals)
  }

  /** Another file's view: only the globals. */
  outside(): Scope {
    return new Scope(this.#given, this.globals)
  }

  /** Of every name that one of them has set otherwise, what `join` makes of their values, in their order. */
  merge(branches: readonly Scope[], join: (values: readonly (Value | undefined)[]) => Value): void {
    for (const kind of ['globals', 'locals'] as const) {
      const names = new Set(branches.flatMap((branch) => [...branch[kind].keys()]))
      for (const name of names) {
        const values = branches.map((branch) => branch[kind].get(name))
        if (values.some((value) => value !== this[kind].get(name)))
          this[kind].set(name, join(values.map((value) => value ?? this.#given.find(name))))
      }
    }
  }
}
