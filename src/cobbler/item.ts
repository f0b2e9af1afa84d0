/** One object of a collection, as its JSON says it. Names of fields are those of Cobbler 3; older ones are read under these. */
export class Item {
  readonly name: string
  /** `collections/profiles/web.json` */
  readonly file: string
  readonly #fields: ReadonlyMap<string, unknown>

  constructor(name: string, file: string, fields: ReadonlyMap<string, unknown>) {
    this.name = name
    this.file = file
    this.#fields = fields
  }

  get keys(): readonly string[] {
    return [...this.#fields.keys()]
  }

  /** Undefined for what is inherited, or not there. */
  get(key: string): unknown {
    const value = this.#fields.get(key) ?? this.#fields.get(older[key] ?? '')
    return value === inherit || value === null || isInheritList(value) ? undefined : value
  }

  /** A text that says something. */
  text(key: string): string | undefined {
    const value = this.get(key)
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
  }

  isTrue(key: string): boolean {
    const value = this.get(key)
    return value === true || value === 1 || (typeof value === 'string' && /^(?:1|true|yes|on|y)$/i.test(value))
  }

  /** A dictionary, or a text of the form `a=b c=d` that stands for one. */
  map(key: string): ReadonlyMap<string, unknown> {
    const value = this.get(key)
    if (typeof value === 'string') return optionsIn(value)
    return mapOf(value)
  }
}

export const inherit = '<<inherit>>'

function isInheritList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 1 && value[0] === inherit
}

/** Before Cobbler 3. */
const older: Readonly<Record<string, string>> = {
  autoinstall: 'kickstart',
  autoinstall_meta: 'ks_meta',
  kernel_options: 'kopts',
  next_server_v4: 'next_server',
}

export function mapOf(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map()
  return new Map(Object.entries(value))
}

/** `a=b "c=d e" f`: a key that stands twice has a list. */
export function optionsIn(text: string): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>()
  for (const [word] of text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
    const [, key = '', value] = /^([^=]*)(?:=([^]*))?$/.exec(word.replaceAll(/["']/g, '')) ?? []
    const before = found.get(key)
    if (key !== '') found.set(key, before === undefined ? (value ?? null) : [before, value].flat())
  }
  return found
}
