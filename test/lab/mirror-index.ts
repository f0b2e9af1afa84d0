/** One package of an index, as the archive wrote it. */
export interface Stanza {
  readonly text: string
  readonly fields: ReadonlyMap<string, string>
}

export function readIndex(text: string): Stanza[] {
  return text
    .split(/\n\n+/)
    .filter((part) => part.trim() !== '')
    .map((part) => ({ text: part.trim(), fields: new Map(part.split('\n').flatMap(fieldOf)) }))
}

/** Each ends with a blank line, the last one too: debootstrap passes over a package that has none behind it. */
export function indexOf(stanzas: readonly string[]): string {
  return stanzas.map((text) => `${text}\n\n`).join('')
}

function fieldOf(line: string): [string, string][] {
  const [, name, value] = /^([A-Za-z0-9-]+): (.*)$/.exec(line) ?? []
  return name === undefined ? [] : [[name, value!]]
}

export function nameOf({ fields }: Stanza): string {
  return fields.get('Package')!
}

/** What the names need, they themselves included, without what is there already; the first alternative that the index has. */
export function closure(names: readonly string[], index: readonly Stanza[], there: ReadonlySet<string>): Stanza[] {
  const byName = new Map(index.map((one) => [nameOf(one), one]))
  const found = new Map<string, Stanza>()
  const open = [...names]
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    const one = byName.get(name)
    if (one === undefined || there.has(name) || found.has(name)) continue
    found.set(name, one)
    for (const choice of listOf(one.fields.get('Depends'))) {
      const alternatives = choice.split('|').map(bare)
      if (!alternatives.some((each) => there.has(each)))
        open.push(...alternatives.filter((each) => byName.has(each)).slice(0, 1))
    }
  }
  return [...found.values()]
}

/** Names and what they provide. */
export function namesOf(stanzas: readonly Stanza[]): Set<string> {
  return new Set(stanzas.flatMap((one) => [nameOf(one), ...listOf(one.fields.get('Provides')).map(bare)]))
}

function listOf(value = ''): string[] {
  return value.split(',').filter((one) => one.trim() !== '')
}

function bare(dependency: string): string {
  return dependency.trim().split(/[\s:]/)[0]!
}
