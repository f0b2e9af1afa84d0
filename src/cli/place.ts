import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Which site and which data directory a command is about. */
export interface Place {
  readonly site: string
  readonly data: string
  /** True when nobody named a site, and the example that Birnam ships is served. */
  readonly example: boolean
}

export interface PlaceOptions {
  readonly site?: string
  readonly data?: string
}

/** --site, then BIRNAM_SITE, then a birnam.yaml here, then the shipped example; the data lies beside the site. */
export function placeOf(options: PlaceOptions, env: NodeJS.ProcessEnv, cwd: string): Place {
  const named = options.site ?? env['BIRNAM_SITE'] ?? (existsSync(join(cwd, 'birnam.yaml')) ? cwd : undefined)
  const example = fileURLToPath(new URL('../../examples/first-boot', import.meta.url))
  const site = resolve(cwd, named ?? example)
  const data = options.data ?? env['BIRNAM_DATA'] ?? beside(site)
  return { site, data: resolve(cwd, data), example: named === undefined }
}

function beside(site: string): string {
  return join(dirname(site), `${basename(site)}.data`)
}

/** A command about this place that can be pasted into any other shell: by the checkout's own path, because npx would ask a public registry for that name. */
export function lineFor({ site, data, example }: Place, words: readonly string[]): string {
  const where = [...(example ? [] : ['--site', site]), ...(data === beside(site) ? [] : ['--data', data])]
  return [shippedTool('birnam'), ...[...where, ...words].map(quoted)].join(' ')
}

/** How a shell calls a program of this checkout. */
export function shippedTool(name: string): string {
  return quoted(fileURLToPath(new URL(`../../tools/${name}`, import.meta.url)))
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
