import { z } from 'zod'
import { Fault } from '../fault.ts'

/** The first entry of a backup, what it is; the last, that it is whole. */
export const firstName = 'birnam-backup.json'
export const lastName = 'birnam-backup.end.json'
export const databaseName = 'data/birnam.sqlite'

const manifest = z.object({
  birnam: z.literal(1),
  /** Milliseconds since 1970. */
  madeAt: z.number().int().nonnegative().max(8.64e15),
  site: z.string().max(4096),
  data: z.string().max(4096),
  /** Whether the layers of images are in it. */
  images: z.boolean(),
  /** Machines whose permits were open. */
  open: z.array(z.string().max(300)).max(1_000_000),
  /** Imported distributions, which are brought again from where they came: they are in no backup. */
  distros: z.array(z.strictObject({ name: z.string().max(300), from: z.string().max(4096) })).max(10_000),
})

export type Manifest = z.infer<typeof manifest>

const end = z.object({ entries: z.number().int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })
export type End = z.infer<typeof end>

export function parseManifest(bytes: Buffer): Manifest {
  return parse(manifest, bytes)
}

export function parseEnd(bytes: Buffer): End {
  return parse(end, bytes)
}

function parse<T extends z.ZodType>(form: T, bytes: Buffer): z.output<T> {
  try {
    return form.parse(JSON.parse(bytes.toString('utf8')))
  } catch (error) {
    throw backupInvalid('what it says of itself is nothing that Birnam wrote', error)
  }
}

export function backupInvalid(why: string, cause?: unknown): Fault {
  return new Fault('backup-invalid', why, {
    hint: 'take another backup; nothing was changed',
    ...(cause !== undefined && { cause }),
  })
}
