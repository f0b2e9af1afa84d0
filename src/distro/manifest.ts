import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { isAbsent } from '../image/durable.ts'

const check = z.strictObject({
  /** `good`: it is as the list says. `none`: nobody looked. */
  result: z.enum(['signed', 'good', 'none']),
  /** One sentence. */
  what: z.string(),
})
export type Check = z.infer<typeof check>

const source = z.strictObject({
  kind: z.enum(['iso', 'directory', 'tarball', 'mirror']),
  from: z.string(),
  kernel: z.string().optional(),
  initrd: z.array(z.string()).default([]),
  family: z.string().optional(),
  version: z.string().optional(),
  arch: z.string().optional(),
  tree: z.string().optional(),
  keyrings: z.array(z.string()).default([]),
})
export type Source = z.infer<typeof source>

/** What is known of an imported distro: `manifest.json` in its directory. Paths are relative to the generation's directory. */
const manifest = z.strictObject({
  format: z.literal(1),
  name: z.string(),
  /** Goes up with every import of that name; menus name it, so that an install goes on with the files it began with. */
  generation: z.number().int().positive(),
  family: z.string(),
  version: z.string(),
  release: z.string(),
  arch: z.string(),
  label: z.string(),
  kernel: z.string(),
  initrd: z.array(z.string()),
  /** A URL, or a path here. */
  tree: z.string().optional(),
  /** Shim and GRUB of the vendor: a path here. */
  loaders: z.string().optional(),
  kernelVersion: z.string().optional(),
  source,
  files: z.number(),
  bytes: z.number(),
  /** SHA-256 of the medium, of the kernel and of each initrd, by name. */
  digests: z.record(z.string(), z.string()),
  /** Milliseconds since 1970. */
  importedAt: z.number(),
  /** The best that can be said of where it came from. */
  trust: z.enum(['signed', 'checksum', 'unchecked']),
  checks: z.array(check),
  notes: z.array(z.string()),
})
export type Manifest = z.infer<typeof manifest>

/** Undefined where there is none, or none that this version wrote: what nobody can read is not served. */
export function readManifest(directory: string): Manifest | undefined {
  try {
    return manifest.safeParse(JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'))).data
  } catch (error) {
    if (isAbsent(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}
