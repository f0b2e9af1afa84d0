import type { House } from '../files/house.ts'
import { Fault } from '../fault.ts'
import { notAccepted, pairFiles, readPair } from '../net/certificate.ts'
import type { Finding } from './finding.ts'

/** Whether machines could believe the certificate of `https`, by the name or address that they are sent to. */
export function certificateFindings({ registry, now }: Pick<House, 'registry' | 'now'>): readonly Finding[] {
  const { server, directory } = registry.site
  if (!server.https) return []
  const { name = server.address } = server.https
  try {
    const pair = readPair(pairFiles(directory, server.https))
    const why = name === undefined ? undefined : notAccepted(pair, name, now())
    if (why === undefined) return []
    const hint = 'machines that boot by HTTPS refuse it: renew it, or say in https.name what it is for'
    return [{ severity: 'warning', message: why, file: 'birnam.yaml', hint }]
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const { hint } = error.detail
    return [{ severity: 'error', message: error.message, file: 'birnam.yaml', ...(hint !== undefined && { hint }) }]
  }
}
