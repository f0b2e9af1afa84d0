import { sumOf, type Sums } from './sums.ts'

/** A `.treeinfo` (productmd): sections of `key = value`. */
export interface Treeinfo {
  value(section: string, ...keys: readonly string[]): string | undefined
  readonly sums: Sums
}

export function parseTreeinfo(text: string): Treeinfo {
  const sections = new Map<string, Map<string, string>>()
  let current = new Map<string, string>()
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    const head = /^\[(.+)\]$/.exec(line)
    if (head) sections.set(head[1]!.toLowerCase(), (current = new Map<string, string>()))
    const pair = /^([^#;=[][^=]*?)\s*=\s*(.*)$/.exec(line)
    if (pair && !head) current.set(pair[1]!, pair[2]!)
  }
  return {
    value(section, ...keys) {
      const found = sections.get(section.toLowerCase())
      return keys.map((key) => found?.get(key)).find((value) => value !== undefined && value !== '')
    },
    sums: sumsOf(sections.get('checksums') ?? new Map<string, string>()),
  }
}

/** `images/pxeboot/vmlinuz = sha256:…` */
function sumsOf(pairs: ReadonlyMap<string, string>): Sums {
  return new Map(
    [...pairs].flatMap(([path, value]) => {
      const [algorithm = '', hex = ''] = value.split(':')
      const sum = sumOf(algorithm, hex)
      return sum ? [[path, sum] as const] : []
    }),
  )
}
