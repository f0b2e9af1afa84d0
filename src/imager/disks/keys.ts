import { z } from 'zod'
import type { Path } from '../../config/problem.ts'
import { layoutFile } from './schema.ts'

type Schema = z.core.$ZodType

/** The keys that the map at this path of a layout may have. */
export function allowedKeys(path: Path): readonly string[] {
  return below(layoutFile, path)
}

/** Every key with its path, as docs/layouts.md heads it: `disks[].partitions[].size`. */
export function allLayoutKeys(): string[] {
  return walk(layoutFile, '')
}

function below(schema: Schema, [step, ...rest]: Path): readonly string[] {
  const inner = unwrap(schema)
  if (inner instanceof z.ZodArray) return step === undefined ? [] : below(inner.element, rest)
  if (!(inner instanceof z.ZodObject)) return []
  const shape = inner.shape as Record<string, Schema>
  return step === undefined ? Object.keys(shape) : below(shape[step] ?? z.never(), rest)
}

function walk(schema: Schema, prefix: string): string[] {
  const inner = unwrap(schema)
  if (inner instanceof z.ZodArray) return walk(inner.element, `${prefix.slice(0, -1)}[].`)
  if (!(inner instanceof z.ZodObject)) return []
  const shape = inner.shape as Record<string, Schema>
  return Object.entries(shape).flatMap(([key, type]) => [`${prefix}${key}`, ...walk(type, `${prefix}${key}.`)])
}

/** Through defaults, optional marks and transforms, to what is written in the file. */
function unwrap(schema: Schema): Schema {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap())
  }
  if (schema instanceof z.ZodReadonly) return unwrap(schema.unwrap())
  if (schema instanceof z.ZodPipe) return unwrap(schema.in instanceof z.ZodTransform ? schema.out : schema.in)
  return schema
}
