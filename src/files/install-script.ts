import { Fault } from '../fault.ts'
import { extractWords } from '../image/extract-words.ts'
import { makeWayWords } from '../image/make-way.ts'
import { annotation, media, type Descriptor } from '../image/oci.ts'
import { formatReference, parseReference } from '../image/reference.ts'
import { signatureOf } from '../image/sign.ts'
import { loadLayout } from '../imager/disks/read.ts'
import { diskScript, quoted, secretsOf } from '../imager/disks/script.ts'
import type { Layout } from '../imager/disks/layout.ts'
import { lacksFor } from '../imager/disks/starts.ts'
import type { Profile } from '../config/site.ts'
import { contextOf, type Audience } from './context.ts'
import { serverUrl, type Golden, type House } from './house.ts'
import { layerSources } from './layer-sources.ts'
import { overridesOf } from './overrides.ts'
import { imageClass, postScriptsOf } from './post-scripts.ts'
import { readSiteFile } from './site-file.ts'

export type ImageProfile = Extract<Profile, { kind: 'image' }>

/** Whom an install script is for: everything of an audience that it cannot do without. */
export type ImageAudience = Audience &
  Required<Pick<Audience, 'machine' | 'session'>> & { readonly profile: ImageProfile }

export function isForImage(audience: Audience): audience is ImageAudience {
  return audience.machine !== undefined && audience.session !== undefined && audience.profile?.kind === 'image'
}

/** The script that the imager runs. A site replaces it, or one of its parts, by a file of the same name. */
export const scriptTemplate = 'templates/imager/install.sh.hbs'

/** Where layers are unpacked on the machine that is being installed. */
const root = '/sysroot'

/**
 * The script that installs one machine: its image pinned by digest, its disks, its overrides and scripts. `promised` is the version
 * of the permit, `expected` the disks that may be wiped although they hold data. Throws `image-missing`, `layout-invalid`, and what
 * templates throw.
 */
export async function installScript(
  house: House,
  audience: ImageAudience,
  promised: string,
  expected: string,
): Promise<string> {
  const { golden } = house
  if (!golden) throw new Fault('image-missing', `${promised} is not on this server`, { hint: 'ask the server itself' })
  const { machine, profile, session } = audience
  const image = await imageContext(golden, promised)
  const layout = layoutOf(house, profile)
  const token = house.sessions.tokenOf(session)
  const context = contextOf(house, audience)
  return house.templates.render(
    scriptTemplate,
    {
      ...context,
      image,
      token,
      urls: urlsOf(house, audience, token, image.name),
      layout: { name: profile.layout, script: diskScript(layout), stacked: isStacked(layout), lacks: lacksFor },
      secrets: secretsOf(layout).map((name) => ({ name, value: secretOf(context, name, profile) })),
      expected: [expected, ...house.disks.known(machine.name)].join(' ').trim(),
      extract: image.extract,
      makeWay: makeWayWords.map(plainWord).join(' '),
      overrides: overridesOf(house, machine).length,
      scripts: scriptsOf(house, audience),
      after: profile.after,
      transport: profile.transport,
    },
    machine.name,
  )
}

/** The layout that a profile names. Throws `file-missing`, `layout-invalid`. */
export function layoutOf(house: House, { layout }: ImageProfile): Layout {
  return loadLayout(layout, readSiteFile(house, layout))
}

async function imageContext({ store }: Golden, promised: string) {
  const reference = parseReference(promised)
  const version = await store.find(reference)
  if (!version) throw gone(promised)
  const { layers } = version.manifest
  const unpacked = layers.reduce(
    (sum, { annotations, size }) => sum + (Number(annotations?.[annotation.unpacked]) || size),
    0,
  )
  const signed = await signatureOf(store, version)
  return {
    name: version.name,
    tag: reference.tag ?? version.tags[0] ?? '',
    label: formatReference({ name: version.name, ...(reference.tag !== undefined && { tag: reference.tag }) }),
    digest: version.digest,
    mediaType: version.manifest.mediaType,
    size: layers.reduce((sum, { size }) => sum + size, 0),
    unpacked,
    words: layers.map(layerWord).join(' '),
    extract: extractWords(root, layers).map(plainWord).join(' '),
    payload: signed?.payload.toString('base64') ?? '',
    signature: signed?.signature ?? '',
  }
}

function layerWord({ digest, size, mediaType }: Descriptor): string {
  const isTar = [media.layer, media.layerGzip, media.layerZstd, media.dockerLayer].some((known) => known === mediaType)
  if (isTar) return `${digest},${size}`
  throw new Fault('image-invalid', `layer ${digest} is ${mediaType}, which cannot be unpacked`, {
    hint: 'push the image with layers of tar, plain or compressed with gzip or zstd',
  })
}

function gone(promised: string): Fault {
  return new Fault('image-missing', `${promised} is not on this server any more`, {
    hint: 'withdraw the permit, and give another for a version that birnam image ls shows',
  })
}

function urlsOf(house: House, { address }: ImageAudience, token: string, name: string): Record<string, string> {
  const url = serverUrl(house, address)
  const registry = `${url}/v2/${name}`
  return {
    registry,
    blobs: layerSources(house, registry, name),
    overrides: `${url}/o/${token}`,
    removed: `${url}/w/${token}`,
    torrent: `${url}/b/${token}`,
    swarm: `${url}/m/${token}`,
  }
}

/** What the plain initrd of an image does not find by itself. */
function isStacked({ raid, lvm, disks }: Layout): boolean {
  return (
    raid.length > 0 ||
    lvm.length > 0 ||
    disks.some(({ partitions }) => partitions.some(({ encrypt }) => encrypt !== undefined))
  )
}

function secretOf({ vars }: Record<string, unknown>, name: string, { layout, origin }: ImageProfile): string {
  const value = (vars as Readonly<Record<string, unknown>>)[name]
  if (typeof value === 'string' && value.length >= 8) return value
  throw new Fault(
    'variable-missing',
    `the layout ${layout} encrypts with vars.${name}, which is no text of 8 characters or more`,
    {
      ...origin,
      field: `vars.${name}`,
      hint: 'give the machine, its group or its profile that variable',
    },
  )
}

/** The scripts with a line for each that is not in it, so that a here-document holds any text. */
function scriptsOf(house: House, audience: ImageAudience): readonly Record<string, string>[] {
  return postScriptsOf(house, audience.machine, imageClass(audience.profile), audience).map(({ name, text }) => {
    let end = 'END_OF_SCRIPT'
    while (text.includes(end)) end += '_'
    return { name, text: text.replace(/\n$/, ''), end }
  })
}

function plainWord(word: string): string {
  return /^[\w/=.-]+$/.test(word) ? word : quoted(word)
}
