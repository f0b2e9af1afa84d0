import { existsSync } from 'node:fs'
import { loadSite } from '../config/read.ts'
import type { Site } from '../config/site.ts'

/** Where an import writes. */
export interface ImportPlace {
  readonly site: string
  readonly dryRun: boolean
}

/** What is there already; undefined for a site that is not. Throws `config-invalid`. */
export function siteAt(directory: string): Site | undefined {
  return existsSync(directory) ? loadSite(directory) : undefined
}
