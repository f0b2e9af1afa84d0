import type { Distro } from '../config/site.ts'
import type { Family } from './family.ts'
import { kickstart } from './kickstart.ts'
import { preseed } from './preseed.ts'

const families: Readonly<Record<Distro['family'], Family>> = { redhat: kickstart, debian: preseed }

export function familyOf({ family }: Pick<Distro, 'family'>): Family {
  return families[family]
}
