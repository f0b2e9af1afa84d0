import { existsSync, mkdirSync } from 'node:fs'
import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { buildImager } from '../../src/imager/build.ts'
import { openSigner } from '../../src/image/sign.ts'

const cache = fileURLToPath(new URL('../../node_modules/.cache/birnam-lab/', import.meta.url))
const source = fileURLToPath(new URL('../../src/imager/', import.meta.url))
const templates = fileURLToPath(new URL('../../templates/imager/', import.meta.url))

/**
 * Puts an imager into a data directory, with the image key that belongs to it. Built once for each state of its sources, since
 * packing takes its time.
 */
export async function openImager(data: string): Promise<void> {
  const home = join(cache, `imager-${stateOfSources()}`)
  if (!existsSync(home)) await make(home)
  mkdirSync(data, { recursive: true, mode: 0o700 })
  await cp(home, data, { recursive: true })
}

async function make(home: string): Promise<void> {
  mkdirSync(cache, { recursive: true })
  const place = await mkdtemp(join(cache, 'imager-new-'))
  const { publicKey } = openSigner(join(place, 'image-key.pem'))
  await buildImager({ out: join(place, 'imager'), publicKey, package: 'linux-image-amd64' })
  await rename(place, home).catch(async (error: unknown) => {
    await rm(place, { recursive: true, force: true })
    if (!existsSync(home)) throw error
  })
}

/** Of what goes into the imager from here: its builder, and its own scripts. */
function stateOfSources(): string {
  const files = [source, templates].flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.hbs'))
      .map(({ name }) => join(folder, name)),
  )
  const hash = createHash('sha256')
  for (const file of files.toSorted()) hash.update(file).update(readFileSync(file))
  return hash.digest('hex').slice(0, 12)
}
