import type { Machine } from '../config/site.ts'
import { Fault } from '../fault.ts'
import { goldenOf, serverUrl, type House } from '../files/house.ts'
import { knownAddress } from '../files/own-address.ts'
import { updateLifetime, updateToken, type UpdateRight } from '../files/update-token.ts'
import { formatReference, parseReference, type Reference } from '../image/reference.ts'
import type { ImageVersion } from '../image/store.ts'
import { machineNamed } from './desk.ts'

export interface UpdateWish {
  readonly by: string
  /** `porter:2`; the version of the machine's profile when not given. */
  readonly to?: string | undefined
}

/** What a person runs on the machine. */
export interface AllowedUpdate {
  readonly machine: string
  readonly image: string
  readonly digest: string
  /** Where the machine is. Only from there, or from another address of its own, the URL is good for anything. */
  readonly address: string
  readonly until: number
  readonly url: string
}

/** Lets a machine fetch one version of an image for an hour. Throws `machine-unknown`, `image-missing`, `profile-missing`, `permit-conflict`. */
export async function allowUpdate(house: House, name: string, { by, to }: UpdateWish): Promise<AllowedUpdate> {
  const machine = machineNamed(house, name)
  const golden = goldenOf(house)
  const wanted = wantedVersion(house, machine, to)
  const version = await golden.store.find(wanted)
  if (!version) throw missing(wanted)
  // As for a permit: an operator says that this version may be on a machine.
  await golden.signer.sign(golden.store, version)
  // The site may have been edited while the image store was waited for.
  const right = rightOf(house, machineNamed(house, name), wanted, version)
  const { image, digest, address, until } = right
  house.journal.record({ at: house.now(), type: 'update.allowed', machine: name, detail: { image, by, address } })
  const url = `${serverUrl(house, address)}/u/${updateToken(house.sessions, right)}`
  return { machine: name, image, digest, address, until, url }
}

function rightOf(house: House, machine: Machine, wanted: Reference, version: ImageVersion): UpdateRight {
  const address = knownAddress(house, machine)
  if (address === undefined) {
    throw new Fault(
      'permit-conflict',
      `nobody knows the address of ${machine.name}, and an update is for its own address only`,
      {
        ...machine.origin,
        hint: 'give it ip: in the site, or let it take its lease from this server',
      },
    )
  }
  const tag = wanted.tag ?? version.tags[0]
  const image = formatReference({ name: version.name, ...(tag !== undefined && { tag }) })
  return { machine: machine.name, image, digest: version.digest, address, until: house.now() + updateLifetime }
}

function wantedVersion(house: House, machine: Machine, to: string | undefined): Reference {
  const profile = house.registry.profileOf(machine)
  const own = profile?.kind === 'image' ? parseReference(profile.image) : undefined
  if (to === undefined) {
    if (own) return own
    throw new Fault('profile-missing', `${machine.name} has no profile of kind: image`, {
      ...machine.origin,
      hint: 'say which image: --to porter:2',
    })
  }
  const wanted = parseReference(to)
  if (!own || own.name === wanted.name) return wanted
  throw new Fault('permit-conflict', `${machine.name} is installed from ${own.name}, not from ${wanted.name}`, {
    ...profile!.origin,
    hint: 'set another image: in the site and reinstall the machine; an update goes from version to version of one image',
  })
}

function missing(reference: Reference): Fault {
  return new Fault('image-missing', `no image ${formatReference(reference)}`, {
    hint: 'birnam image ls shows what there is',
  })
}
