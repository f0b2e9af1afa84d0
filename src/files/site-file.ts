import { readFileSync } from 'node:fs'
import { Fault } from '../fault.ts'
import type { House } from './house.ts'

/** The text of a file of the site, or of what is shipped. Throws `file-missing`. */
export function readSiteFile({ paths }: House, file: string): string {
  const found = paths.find(file)
  if (found) return readFileSync(found.path, 'utf8')
  throw new Fault('file-missing', `${file} is neither in the site nor shipped`, {
    file,
    hint: 'paths are relative to the site directory, and a link may not lead out of it',
  })
}
