import { readIpv4, parseCidr } from './ipv4.ts'
import { ipv6Bytes, readIpv6 } from './ipv6.ts'

/** A DHCP option that a site adds: its code, its bytes, and the value as it was written. */
export interface SiteOption {
  readonly code: number
  /** Lower-case hex. */
  readonly hex: string
  readonly written: unknown
}

/** How a value is written: each takes one text, or the texts of a list. Undefined where one of them is not of that type. */
const types = {
  text: one((text) => (/^[\x20-\x7e]+$/.test(text) ? Buffer.from(text) : undefined)),
  hex: one((text) =>
    /^(?:[0-9a-f]{2}[: ]?)+$/i.test(text) ? Buffer.from(text.replaceAll(/[: ]/g, ''), 'hex') : undefined,
  ),
  flag: one((text) => (/^(?:true|false)$/.test(text) ? Buffer.from([text === 'true' ? 1 : 0]) : undefined)),
  u8: one((text) => number(text, 1)),
  u16: one((text) => number(text, 2)),
  u32: one((text) => number(text, 4)),
  ip: each((text) => uint(readIpv4(text), 4)),
  ip6: each((text) => {
    const value = readIpv6(text)
    return value === undefined ? undefined : ipv6Bytes(value)
  }),
  domains: each(domainName),
  routes: each(route),
} as const satisfies Record<string, Type>

export type OptionType = keyof typeof types

type Type = (texts: readonly string[]) => Buffer | undefined

/** What is written where a value is not of its type. */
const examples: Readonly<Record<OptionType, string>> = {
  text: 'printable ASCII text',
  hex: 'pairs of hex digits, like 0a1b2c',
  flag: 'true or false',
  u8: 'a number from 0 to 255',
  u16: 'a number from 0 to 65535',
  u32: 'a number from 0 to 4294967295',
  ip: 'an IPv4 address or a list of them',
  ip6: 'an IPv6 address or a list of them',
  domains: 'a domain or a list of them, like [lab.example.org, example.org]',
  routes: 'routes like "10.0.0.0/8 via 10.77.0.1"',
}

/** The options of one protocol: those that have a name, and those that are not for a site to write. */
export interface OptionTable {
  readonly most: number
  readonly named: Readonly<Record<string, readonly [code: number, type: OptionType]>>
  /** Why not, and which key says it instead. */
  readonly refused: ReadonlyMap<number, string>
}

export interface OptionComplaint {
  readonly message: string
  readonly hint: string
}

/** One entry of `options:`; `key` is a number or a name, `value` a word, a list of words, or one of these under the name of its type. */
export function readOption(table: OptionTable, key: string, value: unknown): SiteOption | OptionComplaint {
  const row = rowOf(table, key)
  if (!row) {
    const hint = 'write its number, or one of the names in docs/configuration.md'
    return { message: `there is no DHCP option ${JSON.stringify(key.slice(0, 40))}`, hint }
  }
  const [code, type] = row
  const refused = table.refused.get(code)
  if (refused !== undefined) return { message: `option ${code} is not for a site to write`, hint: refused }
  const typed = typedValue(value)
  const wanted = typed?.type ?? type
  if (wanted === undefined)
    return {
      message: `option ${code} has no type`,
      hint: `write it as { TYPE: VALUE }; types are ${Object.keys(types).join(', ')}`,
    }
  const texts = textsOf(typed ? typed.value : value)
  const bytes = texts && types[wanted](texts)
  if (!bytes) {
    const hint = 'mend it, or write it as { TYPE: VALUE } to send another type'
    return { message: `the value of option ${code} is not ${examples[wanted]}`, hint }
  }
  // RFC 3396 cuts longer ones up, and few clients put them together again.
  if (bytes.length > 255)
    return { message: `the value of option ${code} has ${bytes.length} bytes`, hint: 'one option holds 255' }
  return { code, hex: bytes.toString('hex'), written: value }
}

/** One list out of several: of one code, the last. */
export function overlaid<T extends { readonly code: number }>(...lists: readonly (readonly T[])[]): readonly T[] {
  const found = new Map<number, T>()
  for (const option of lists.flat()) found.set(option.code, option)
  return [...found.values()]
}

function rowOf({ named, most }: OptionTable, key: string): readonly [number, OptionType | undefined] | undefined {
  if (Object.hasOwn(named, key)) return named[key]
  if (!/^\d{1,5}$/.test(key) || Number(key) > most || Number(key) === 0) return undefined
  const code = Number(key)
  return Object.values(named).find((row) => row[0] === code) ?? [code, undefined]
}

function typedValue(value: unknown): { readonly type: OptionType; readonly value: unknown } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const [entry, ...rest] = Object.entries(value)
  return entry && rest.length === 0 && isType(entry[0]) ? { type: entry[0], value: entry[1] } : undefined
}

function isType(text: string): text is OptionType {
  return Object.hasOwn(types, text)
}

function textsOf(value: unknown): readonly string[] | undefined {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  const isWord = (item: unknown): item is string | number | boolean =>
    ['string', 'number', 'boolean'].includes(typeof item)
  return all.length > 0 && all.every(isWord) ? all.map(String) : undefined
}

function one(encode: (text: string) => Buffer | undefined): Type {
  return ([text, ...rest]) => (text === undefined || rest.length > 0 ? undefined : encode(text))
}

function each(encode: (text: string) => Buffer | undefined): Type {
  return (texts) => {
    const parts = texts.map(encode)
    return parts.every((part) => part !== undefined) ? Buffer.concat(parts) : undefined
  }
}

function number(text: string, length: 1 | 2 | 4): Buffer | undefined {
  return uint(/^(?:0|[1-9]\d{0,9})$/.test(text) ? Number(text) : undefined, length)
}

function uint(value: number | undefined, length: 1 | 2 | 4): Buffer | undefined {
  if (value === undefined || value >= 256 ** length) return undefined
  const bytes = Buffer.alloc(length)
  bytes.writeUIntBE(value, 0, length)
  return bytes
}

/** RFC 1035 §3.1: labels with their lengths, and a zero. RFC 3397 may compress them, and need not. */
function domainName(text: string): Buffer | undefined {
  const labels = text.replace(/\.$/, '').split('.')
  if (!labels.every((label) => /^[A-Za-z0-9_-]{1,63}$/.test(label)) || text.length > 253) return undefined
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]),
    Buffer.from([0]),
  ])
}

/** RFC 3442: the length of the network, as many of its bytes as that needs, and the router. */
function route(text: string): Buffer | undefined {
  const [network = '', via, router = '', ...rest] = text.trim().split(/\s+/)
  const gateway = uint(readIpv4(router), 4)
  if (via !== 'via' || rest.length > 0 || !gateway) return undefined
  try {
    const { network: address, bits } = parseCidr(network === 'default' ? '0.0.0.0/0' : network)
    return Buffer.concat([Buffer.from([bits]), uint(address, 4)!.subarray(0, Math.ceil(bits / 8)), gateway])
  } catch {
    return undefined
  }
}
