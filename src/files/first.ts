import type { Answer } from '../boot/ask.ts'
import type { Client } from '../boot/client.ts'
import { firstFile, type FirstFile } from '../boot/loader.ts'
import { loaderFor } from '../boot/offer.ts'
import type { Session } from '../boot/session.ts'
import type { Profile } from '../config/site.ts'
import { distroOf } from './context.ts'
import { machineOf, type House } from './house.ts'

/** What this client starts with, out of the loaders that are to be had here; nothing of ours where the machine has a file of its own. */
export function firstOf(
  house: House,
  client: Pick<Client, 'asker' | 'arch'>,
  answer: Pick<Answer, 'machine' | 'profile'>,
): FirstFile | undefined {
  if (answer.machine?.file !== undefined) return undefined
  const folder = folderOf(house, answer.profile)
  const choice = loaderFor(client, answer, house.registry.site.server)
  return firstFile(client, choice, (name) => house.loaders.find(name, folder) !== undefined)
}

/** The loaders that a profile, or its distro, brings: GRUB starts only kernels that its own vendor signed. */
export function folderOf(house: House, profile: Profile | undefined): string | undefined {
  return profile && (profile.loaders ?? distroOf(house, profile)?.loaders)
}

/** A file out of that folder, asked for in the boot session of a machine whose profile has one. */
export function ownLoader(house: House, session: Session, name: string): string | undefined {
  const machine = machineOf(house, session.mac)
  const folder = machine && folderOf(house, house.registry.profileOf(machine))
  return house.loaders.own(name, folder)
}
