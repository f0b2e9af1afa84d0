import { readReference } from '../image/reference.ts'
import type { Peer } from '../net/content.ts'
import { readUpdateToken, type UpdateRight } from './update-token.ts'
import { askHouse, isOwnAddress, type House } from './house.ts'

/**
 * Whether a token opens that image now: a session's under its claimed permit until the install ends, an update's within its hour;
 * both from the machine's own address.
 */
export function mayPull(house: House, token: string, name: string, peer: Peer): boolean {
  const right = readUpdateToken(house.sessions, token)
  if (right) return mayUpdate(house, right, name, peer)
  const session = house.sessions.byToken(token, house.now())
  if (!session) return false
  const { permit } = askHouse(house, { door: 'http', asker: 'os', mac: session.mac, session: session.id })
  if (permit?.state !== 'claimed' || permit.session !== session.id || permit.image === undefined) return false
  return readReference(permit.image)?.name === name && isOwnAddress(house, session, permit.address, peer.address)
}

function mayUpdate(house: House, { image, address, until }: UpdateRight, name: string, peer: Peer): boolean {
  return readReference(image)?.name === name && address === peer.address && house.now() <= until
}
