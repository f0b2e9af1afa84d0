import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { checkHouse, type Progress } from '../api/check.ts'
import type { Finding } from '../api/finding.ts'
import type { Golden } from '../files/house.ts'
import type { ServerSettings } from '../config/site.ts'
import { LeaseBook } from '../dhcp/lease.ts'
import { distrosAt, openDistros, type Distros } from '../distro/distros.ts'
import { externalChecks } from '../answer/external.ts'
import { readSite } from '../config/read.ts'
import { MemoryLeases } from '../store/memory/leases.ts'
import { inMemory, openDatabase } from '../store/sqlite/database.ts'
import { addressesOf, openCore } from './core.ts'
import { openGolden } from './images.ts'
import { troublesOf } from './troubles.ts'

export interface CheckResult {
  readonly machines: number
  /** The outside validators that were found and asked. */
  readonly validators: readonly string[]
  readonly findings: readonly Finding[]
}

/** Images are looked for where a data directory has some. */
export function goldenAt(data: string | undefined, images: ServerSettings['images']): { readonly golden?: Golden } {
  if (data === undefined || (images.registry === undefined && !existsSync(join(data, 'images')))) return {}
  return { golden: openGolden(data, images) }
}

/** What was imported into a data directory. */
export function distrosOf(data: string | undefined): { readonly distros?: Distros } {
  return data === undefined ? {} : { distros: openDistros(distrosAt(data)) }
}

/** Reads the site and renders everything, with a throw-away store: no server, no network; images are looked for where a data directory has some. */
export async function checkPlace(
  place: { readonly site: string; readonly data?: string },
  onProgress?: Progress,
): Promise<CheckResult> {
  const { site, problems } = readSite(place.site)
  const read = problems.map(({ field, file, line, ...rest }) => ({
    ...rest,
    file,
    line,
    message: field === '' ? rest.message : `${field}: ${rest.message}`,
  }))
  const external = await externalChecks()
  if (!site) return { machines: 0, validators: external.names, findings: read }
  const { house, shelf } = openCore({
    site,
    database: openDatabase(inMemory),
    addresses: addressesOf(new LeaseBook(new MemoryLeases())),
    httpPort: () => site.server.http.port,
    ...goldenAt(place.data, site.server.images),
    ...distrosOf(place.data),
  })
  const findings = await checkHouse(house, shelf, external.validate, onProgress)
  const here = troublesOf(site, place.data)
  return { machines: site.machines.length, validators: external.names, findings: [...here, ...read, ...findings] }
}
