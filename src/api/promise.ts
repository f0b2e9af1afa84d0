import type { Profile } from '../config/site.ts'
import { Fault } from '../fault.ts'
import { goldenOf, type House } from '../files/house.ts'
import { imagerHint, imagerMissing } from '../files/imager-files.ts'
import type { Library } from '../image/library.ts'
import { formatReference, parseReference, readReference, type Reference } from '../image/reference.ts'
import type { ImageVersion } from '../image/store.ts'

type ImageProfile = Extract<Profile, { kind: 'image' }>

/**
 * The very version that a permit promises, `porter:13@sha256:…`: that of the profile, or another version of the same image when the
 * caller says which. Throws `image-missing` and `permit-conflict`.
 */
export async function promiseImage(house: House, profile: ImageProfile, to: string | undefined): Promise<string> {
  const { store, signer } = goldenOf(house)
  if (imagerMissing(house)) throw noImager(house, profile)
  const own = parseReference(profile.image)
  const wanted = to === undefined || to === profile.name ? own : otherVersion(profile, own, to)
  const version = await store.find(wanted)
  if (!version) {
    throw new Fault('image-missing', `profile ${profile.name} wants ${formatReference(wanted)}, which is not here`, {
      ...profile.origin,
      hint: `capture or push it; birnam image ls shows what there is`,
    })
  }
  if (house.golden?.collect) await refuseIncomplete(store, version)
  // A version that somebody pushed is signed when an operator says that it may be installed.
  await signer.sign(store, version)
  const tag = wanted.tag ?? version.tags[0]
  return formatReference({ name: own.name, ...(tag !== undefined && { tag }), digest: version.digest })
}

/** Of images on this host: after a restore without them a version may stand in the index whose layers are not here, and disks are wiped before they are pulled. */
async function refuseIncomplete(store: Library, { name, tags, manifest }: ImageVersion): Promise<void> {
  for (const { digest } of manifest.layers) {
    if (await store.blob(digest)) continue
    throw new Fault('image-missing', `a layer of ${name}:${tags[0] ?? ''} is not here: ${digest}`, {
      hint: 'capture or push it again; birnam image verify names all that is missing',
    })
  }
}

function noImager(house: House, { name, origin }: ImageProfile): Fault {
  return new Fault('permit-conflict', `profile ${name} installs a golden image, and there is no imager yet`, {
    ...origin,
    hint: imagerHint(house),
  })
}

function otherVersion(profile: ImageProfile, own: Reference, to: string): Reference {
  const wanted = readReference(to)
  if (wanted?.name === own.name) return wanted
  throw new Fault('permit-conflict', `profile ${profile.name} installs ${own.name}, not ${to}`, {
    ...profile.origin,
    hint: `say --to ${own.name}:VERSION, or set another image: in the site first; a permit covers what the site says`,
  })
}
