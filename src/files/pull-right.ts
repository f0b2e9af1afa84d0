import { readReference } from '../image/reference.ts'
import type { Peer } from '../net/content.ts'
import { askHouse, expectedAddress, type House } from './house.ts'

/** Whether a session's token opens that image now: under its claimed permit, from the machine's own address, until the install ends. */
export function mayPull(house: House, token: string, name: string, peer: Peer): boolean {
  const session = house.sessions.byToken(token, house.now())
  if (!session) return false
  const { permit } = askHouse(house, { door: 'http', asker: 'os', mac: session.mac, session: session.id })
  if (permit?.state !== 'claimed' || permit.session !== session.id || permit.image === undefined) return false
  const expected = permit.address ?? expectedAddress(house, session.mac, session)
  return readReference(permit.image)?.name === name && expected === peer.address
}
