import type { Keys } from './complain.ts'
import type { Path } from './problem.ts'
import { nouns, serverFile } from './schema.ts'
import type { NounList } from './schema.ts'
import { z } from 'zod'

/** The keys that each map of the site directory may have, taken from the schemas. */

const lists: readonly string[] = Object.keys(nouns)
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
    elsewhere: (key) => (list === 'profiles' ? kindOf(key) : undefined),
  }
}

/** For the top of a file of nouns. */
export const listKeys: Keys = {
  allowed: () => lists,
  elsewhere: (key) => (serverTop.includes(key) ? 'what concerns the server belongs into birnam.yaml' : undefined),
}

/** Every key with its path, as docs/configuration.md heads it: `dhcp.subnets[].cidr`, `machines[].mac`. */
export function allKeys(): string[] {
  const all = [...walk(serverFile, ''), ...lists.flatMap((list) => walk(nouns[list as NounList], `${list}[].`))]
  return [...new Set(all)].toSorted()
}

function walk(schema: z.ZodType, prefix: string): string[] {
  const inner = unwrap(schema)
  if (inner instanceof z.ZodDiscriminatedUnion) return inner.options.flatMap((each) => walk(each as z.ZodType, prefix))
  if (inner instanceof z.ZodArray) return walk(inner.element as z.ZodType, `${prefix.slice(0, -1)}[].`)
  if (!(inner instanceof z.ZodObject)) return []
  const shape = inner.shape as Record<string, z.ZodType>
  return Object.entries(shape).flatMap(([key, type]) => [`${prefix}${key}`, ...walk(type, `${prefix}${key}.`)])
}

function below(schema: z.ZodType, path: Path): readonly string[] {
  const inner = unwrap(schema)
  const [step, ...rest] = path
  if (inner instanceof z.ZodArray) return below(inner.element as z.ZodType, rest)
  if (!(inner instanceof z.ZodObject)) return []
  if (step === undefined) return Object.keys(inner.shape)
  return below((inner.shape as Record<string, z.ZodType>)[step] ?? z.never(), rest)
}

/** Through defaults, optional marks and transforms, to what is written in the file; of several shapes, the map. */
function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap() as z.ZodType)
  }
  if (schema instanceof z.ZodPipe)
    return unwrap((schema.in instanceof z.ZodTransform ? schema.out : schema.in) as z.ZodType)
  if (schema instanceof z.ZodUnion && !(schema instanceof z.ZodDiscriminatedUnion)) {
    return (schema.options as z.ZodType[]).find((each) => each instanceof z.ZodObject) ?? schema
  }
  return schema
}

const kinds = new Map(nouns.profiles.options.map((option) => [String([...option.shape.kind.values][0]), option]))

function ofKind(value: unknown): z.ZodType {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? String(value.kind) : ''
  return kinds.get(kind) ?? nouns.profiles
}

/** Which kinds of profile know a key that this one does not. */
function kindOf(key: string): string | undefined {
  const found = [...kinds].filter(([, option]) => Object.hasOwn(option.shape, key)).map(([kind]) => kind)
  return found.length === 0 ? undefined : `only profiles of kind ${found.join(' and ')} have it`
}
