import { isWiping, type Machine } from '../config/site.ts'
import type { Audience } from '../files/context.ts'
import { knownAddress } from '../files/own-address.ts'
import { askHouse, type House } from '../files/house.ts'
import type { Answer } from '../boot/ask.ts'
import type { Permit } from '../machine/permit.ts'
import { cardOf } from './stand-in.ts'

/** A house in which this machine may be installed: for looking only, because nothing is ever claimed in a dry look-up. */
export function asIfArmed(house: House, machine: Machine): House {
  const profile = house.registry.profileOf(machine)
  if (!isWiping(profile)) return house
  const now = house.now()
  const permit: Permit = {
    id: 'as-if-armed',
    machine: machine.name,
    target: profile.name,
    kind: profile.kind,
    content: house.contents.of(profile),
    ...(profile.kind === 'image' && { image: profile.image }),
    by: 'a forecast',
    createdAt: now,
    expiresAt: now + 60_000,
    state: 'armed',
  }
  return { ...house, permits: Object.assign(Object.create(house.permits) as House['permits'], { of: () => permit }) }
}

/** A boot of one machine that nobody remembers: what its menu and its answer are written for. */
export interface Scene {
  readonly house: House
  readonly answer: Answer
  readonly audience: Audience
  /** `s/<id>/` */
  readonly path: string
  readonly token: string
}

export function sceneOf(running: House, machine: Machine): Scene {
  const { house, mac } = cardOf(running, machine, 'firmware')
  const session = house.sessions.imagined(mac, house.now())
  const answer = askHouse(house, { door: 'explain', asker: 'firmware', mac, session: session.id })
  const address = knownAddress(house, machine, mac)
  const audience = {
    machine,
    mac,
    session,
    ...(address !== undefined && { address }),
    ...(answer.profile && { profile: answer.profile }),
  }
  return { house, answer, audience, path: `s/${session.id}/`, token: house.sessions.tokenOf(session) }
}
