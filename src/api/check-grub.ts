import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { House } from '../files/house.ts'
import type { Finding } from './finding.ts'

/** The outside validators that were found, and what they said of a text. */
export type Validator = (
  family: string,
  text: string,
  version: string,
) => Promise<readonly { line?: number; message: string }[]>

/** One machine's, as it would be given. */
export interface GrubMenu {
  readonly machine: string
  readonly text: string
}

/** The GRUB menus of machines, and the site's own ones, as GRUB's own parser reads them. */
export async function grubFindings(
  house: House,
  menus: readonly GrubMenu[],
  validate: Validator,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (let from = 0; from < menus.length; from += together) {
    const some = menus.slice(from, from + together)
    if ((await validate('grub', some.map(({ text }) => text).join('\n'), '')).length === 0) continue
    for (const { machine, text } of some)
      for (const { message } of await validate('grub', text, '')) findings.push({ severity: 'error', machine, message })
  }
  for (const file of ownFiles(house)) {
    const said = await validate('grub', readFileSync(join(house.registry.site.directory, file), 'utf8'), '')
    for (const { line, message } of said)
      findings.push({
        severity: 'error',
        file,
        ...(line !== undefined && { line }),
        message,
        hint: 'GRUB would stop there',
      })
  }
  return findings
}

/** A process for each menu would take longer than all the rest. */
const together = 1000

function ownFiles({ paths, registry }: House): readonly string[] {
  const found = globSync('files/**/grub.cfg*', { cwd: registry.site.directory })
  return found.filter((file) => paths.find(file) !== undefined).toSorted()
}
