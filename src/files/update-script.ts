import { Fault } from '../fault.ts'
import { formatReference, parseReference } from '../image/reference.ts'
import { signatureOf } from '../image/sign.ts'
import type { Machine } from '../config/site.ts'
import { contextOf } from './context.ts'
import { serverUrl, type House } from './house.ts'
import { layerSources } from './layer-sources.ts'
import { bootedToken, updateToken, type UpdateRight } from './update-token.ts'

/** The script that a running machine runs. A site replaces it, or one of its parts, by a file of the same name. */
export const updateTemplate = 'templates/update/update.sh.hbs'

/** Throws `image-missing`, and what templates throw. */
export async function updateScript(house: House, machine: Machine, right: UpdateRight): Promise<string> {
  const { name, tag } = parseReference(right.image)
  const version = await house.golden?.store.find({ name, digest: right.digest })
  if (!house.golden || !version)
    throw new Fault('image-missing', `${right.image} is not on this server any more`, {
      hint: 'allow another version: birnam image ls shows them',
    })
  const signed = await signatureOf(house.golden.store, version)
  const audience = { machine, address: right.address, ...(machine.macs[0] && { mac: machine.macs[0] }) }
  const url = serverUrl(house, right.address)
  const registry = `${url}/v2/${name}`
  const token = updateToken(house.sessions, right)
  return house.templates.render(
    updateTemplate,
    {
      ...contextOf(house, audience),
      image: {
        name,
        label: formatReference({ name, ...(tag !== undefined && { tag }) }),
        digest: version.digest,
        mediaType: version.manifest.mediaType,
        payload: signed?.payload.toString('base64') ?? '',
        signature: signed?.signature ?? '',
      },
      token,
      urls: {
        base: `${url}/u/${token}`,
        registry,
        blobs: layerSources(house, registry, name),
        booted: `${url}/u/${bootedToken(house.sessions, machine.name, right.image)}/booted`,
      },
    },
    machine.name,
  )
}
