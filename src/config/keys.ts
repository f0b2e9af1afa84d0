import type { Keys } from './complain.ts'
import type { Path } from './problem.ts'
import { nouns, serverFile } from './schema.ts'
import type { NounList } from './schema.ts'
import { z } from 'zod'

/** The keys that each map of the site directory may have, taken from the schemas. */

type Schema = z.core.$ZodType

const lists: readonly string[] = Object.keys(nouns)
export function isNounList(key: string): key is NounList {
  return Object.hasOwn(nouns, key)
}

const serverTop: readonly string[] = Object.keys(serverFile.shape)

/** For the server's file. */
export const serverKeys: Keys = {
  allowed: (path) => below(serverFile, path),
  elsewhere: (key) => (lists.includes(key) ? `${key} belong into another file, such as fleet.yaml` : undefined),
}

/** For an item of one list. */
export function keysOf(list: NounList): Keys {
  return {
    allowed: (path, value) => below(list === 'profiles' ? ofKind(value) : nouns[list], path),
    elsewhere: (key) => cobblerKey(key) ?? (list === 'profiles' ? kindOf(key) : undefined),
  }
}

/** For the top of a file of nouns. */
export const listKeys: Keys = {
  allowed: () => lists,
  elsewhere: (key) =>
    cobblerKey(key) ?? (serverTop.includes(key) ? 'what concerns the server belongs into birnam.yaml' : undefined),
}

/** Keys of Cobbler's collections, and what they are called here. */
const cobbler: Readonly<Record<string, string>> = {
  kickstart: 'answer:, with the path of a template',
  autoinstall: 'answer:, with the path of a template',
  ksmeta: 'vars:, a map',
  ks_meta: 'vars:, a map',
  autoinstall_meta: 'vars:, a map',
  kopts: 'args:, one text',
  kernel_options: 'args:, one text',
  'mac-address': 'mac:',
  mac_address: 'mac:',
  'ip-address': 'ip:',
  ip_address: 'ip:',
  'dns-name': 'hostname:',
  dns_name: 'hostname:',
  systems: 'machines:',
  netboot_enabled: 'nothing in a file: birnam reinstall NAME lets a machine be installed once',
  'netboot-enabled': 'nothing in a file: birnam reinstall NAME lets a machine be installed once',
}

function cobblerKey(key: string): string | undefined {
  if (Object.hasOwn(cobbler, key)) return `this is a key of Cobbler; here it is ${cobbler[key]}`
  if (/^virt[-_]/.test(key))
    return 'this is a key of Cobbler, for koan, which makes guests; birnam makes none: take it out'
  return undefined
}

/** Every key with its path, as docs/configuration.md heads it: `dhcp.subnets[].cidr`, `machines[].mac`. */
export function allKeys(): string[] {
  const all = [
    ...walk(serverFile, ''),
    ...Object.entries(nouns).flatMap(([list, schema]) => walk(schema, `${list}[].`)),
  ]
  return [...new Set(all)].toSorted()
}

function walk(schema: Schema, prefix: string): string[] {
  const inner = unwrap(schema)
  if (inner instanceof z.ZodDiscriminatedUnion) return inner.options.flatMap((each) => walk(each, prefix))
  if (inner instanceof z.ZodArray) return walk(inner.element, `${prefix.slice(0, -1)}[].`)
  if (!(inner instanceof z.ZodObject)) return []
  const shape = inner.shape as Record<string, Schema>
  return Object.entries(shape).flatMap(([key, type]) => [`${prefix}${key}`, ...walk(type, `${prefix}${key}.`)])
}

function below(schema: Schema, path: Path): readonly string[] {
  const inner = unwrap(schema)
  const [step, ...rest] = path
  if (inner instanceof z.ZodArray) return below(inner.element, rest)
  if (!(inner instanceof z.ZodObject)) return []
  if (step === undefined) return Object.keys(inner.shape)
  return below((inner.shape as Record<string, Schema>)[step] ?? z.never(), rest)
}

/** Through defaults, optional marks and transforms, to what is written in the file; of several shapes, the map. */
function unwrap(schema: Schema): Schema {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap())
  }
  if (schema instanceof z.ZodPipe) return unwrap(schema.in instanceof z.ZodTransform ? schema.out : schema.in)
  if (schema instanceof z.ZodUnion && !(schema instanceof z.ZodDiscriminatedUnion)) {
    return schema.options.find((each) => each instanceof z.ZodObject) ?? schema
  }
  return schema
}

const kinds = new Map(nouns.profiles.options.map((option) => [String([...option.shape.kind.values][0]), option]))

function ofKind(value: unknown): Schema {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? String(value.kind) : ''
  return kinds.get(kind) ?? nouns.profiles
}

/** Which kinds of profile know a key that this one does not. */
function kindOf(key: string): string | undefined {
  const found = [...kinds].filter(([, option]) => Object.hasOwn(option.shape, key)).map(([kind]) => kind)
  return found.length === 0 ? undefined : `only profiles of kind ${found.join(' and ')} have it`
}
