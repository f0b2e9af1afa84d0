import type { Distro } from '../config/site.ts'
import { autoinstall } from './autoinstall.ts'
import { cloud } from './cloud.ts'
import type { Family } from './family.ts'
import { esxi } from './esxi.ts'
import { ignition } from './ignition.ts'
import { kickstart } from './kickstart.ts'
import { preseed } from './preseed.ts'
import { agama, autoyast } from './suse.ts'
import { windows } from './windows.ts'

const families: Readonly<Record<Exclude<Distro['family'], 'suse'>, Family>> = {
  redhat: kickstart,
  debian: preseed,
  ubuntu: autoinstall,
  cloud,
  ignition,
  esxi,
  windows,
}

/** SUSE changed its installer with version 16; without a version the older one is meant. */
export function familyOf({ family, version = '0' }: Pick<Distro, 'family'> & Partial<Pick<Distro, 'version'>>): Family {
  if (family === 'suse') return Number(version) >= 16 ? agama : autoyast
  return families[family]
}
