import { readReference } from '../image/reference.ts'
import type { Peer } from '../net/content.ts'
import { readUpdateToken, type UpdateRight } from './update-token.ts'
import { askHouse, type House } from './house.ts'
import { whyForeign, type Whose } from './own-address.ts'

/**
 * Whether a token opens that image now: a session's under its claimed permit until the install ends, an update's within its hour;
 * both from the machine's own address.
 */
export function mayPull(house: House, token: string, name: string, peer: Peer): boolean {
  const right = readUpdateToken(house.sessions, token)
  if (right) return mayUpdate(house, right, name, peer)
  const session = house.sessions.byToken(token, house.now())
  if (!session) return false
  const client = { door: 'http', asker: 'os', mac: session.mac, session: session.id } as const
  const { machine, permit, plan } = askHouse(house, client)
  if (plan.do !== 'image' || permit?.state !== 'claimed' || permit.image === undefined) return false
  return readReference(permit.image)?.name === name && isOwn(house, { machine, session }, peer)
}

function mayUpdate(house: House, { machine, image, until }: UpdateRight, name: string, peer: Peer): boolean {
  const named = house.registry.named(machine)
  if (!named || readReference(image)?.name !== name || house.now() > until) return false
  return isOwn(house, { machine: named }, peer)
}

function isOwn(house: House, whose: Whose, { address }: Peer): boolean {
  return whyForeign(house, whose, address) === undefined
}
