import type { Session } from '../boot/session.ts'
import { askHouse, type House } from '../files/house.ts'
import { cardFrom, machineFrom } from '../files/own-address.ts'
import type { Shelf } from '../files/shelf.ts'
import type { Asked } from '../files/asked.ts'
import type { Finding, Peer, Refusal } from '../net/content.ts'
import { takeReport, type Report } from './reports.ts'

/**
 * The answer of a machine that asks by its name. Cobbler believes every caller; here the name is only believed of the machine at that address. A
 * live one's is free, as at `a/<mac>`. An install's is given to the installer that its boot has claimed the permit for and started. Nothing is
 * claimed here: a name and an address are known to every user of the machine, and to whoever takes its address while it is off.
 */
export function answerFor(house: House, shelf: Shelf, name: string, asked: Asked): Finding {
  const machine = machineFrom(house, asked.peer.address)
  if (!machine || machine.name !== name) return foreign(house, name, asked.peer)
  const mac = cardFrom(house, asked.peer.address)!
  const { plan } = askHouse(house, { door: 'http', asker: 'os', mac })
  if (plan.do === 'live') return shelf.find(`a/${mac}`, asked)
  const permit = house.permits.of(name)
  const session = permit?.state === 'claimed' ? holderOf(house, name) : undefined
  if (!session) return refused(403, `${name} boots its disk: only a boot from the network claims a permit`)
  if (permit?.lastSeen === undefined) return refused(403, `${name} has not fetched the kernel of its install yet`)
  return shelf.find(`a/${house.sessions.tokenOf(session)}`, asked)
}

/** Takes what an installer's last lines tell under Cobbler's names: a report of the boot that holds the permit, or of nobody. */
export function tellOf(house: House, name: string, said: Report, peer: Peer): Refusal | undefined {
  const machine = machineFrom(house, peer.address)
  if (!machine || machine.name !== name) return foreign(house, name, peer)
  const session = holderOf(house, name)
  if (!session) return refused(403, `${name} is not being installed`)
  // Its template may say done twice, once to each of Cobbler's names.
  if (house.permits.of(name)?.state === 'claimed') takeReport(house, house.sessions.tokenOf(session), said, peer)
  return undefined
}

/** The boot that has claimed the newest permit, also after this server was started again. */
function holderOf({ permits, sessions, now }: House, name: string): Session | undefined {
  const permit = permits.of(name)
  const holds = permit?.state === 'claimed' || permit?.state === 'used'
  return holds && permit.session !== undefined ? sessions.find(permit.session, now()) : undefined
}

function foreign(house: House, name: string, { address }: Peer): Refusal {
  const machine = house.registry.named(name)
  const event = {
    at: house.now(),
    type: 'answer.refused',
    detail: { why: 'asked by its name from a foreign address', from: address },
  }
  if (machine) house.journal.recordSeldom({ ...event, machine: name }, address)
  return refused(machine ? 403 : 404, machine ? `${name} is not at ${address}` : `there is no system ${name}`)
}

function refused(status: Refusal['status'], message: string): Refusal {
  return { kind: 'refused', status, message }
}
