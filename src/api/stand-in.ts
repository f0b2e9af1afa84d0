import type { Asker } from '../boot/client.ts'
import type { Machine } from '../config/site.ts'
import { Fault } from '../fault.ts'
import type { House } from '../files/house.ts'
import { parseMac, type Mac } from '../net/mac.ts'
import type { RelayPort } from '../net/relay-port.ts'

/** The card that a forecast imagines a machine to boot from. */
export interface Card {
  readonly mac: Mac
  /** A house that knows the machine by that card. */
  readonly house: House
  /** What a person has to know when the card is made up. */
  readonly assumed?: string
}

/** Locally administered (IEEE 802 §8.2), so no real card has it. */
const madeUp = '02:00:00:00:00:00'

/**
 * The machine's first card; of one that is known by its UUID or its port alone, a made-up one whose ROM says that UUID, or that hangs there. Throws Fault
 * `machine-unknown` for a machine that such a client tells nothing to be known by.
 */
export function cardOf(house: House, machine: Machine, asker: Asker): Card {
  const [first] = machine.macs
  if (first) return { mac: first, house }
  const { uuid, relay } = machine
  if (relay && uuid === undefined) return atPort(house, relay)
  // DHCP of a running system, and pypxeboot, know the MAC alone; serial numbers are known to installers only.
  const why = uuid === undefined ? 'firmware tells no serial number' : 'a client of this kind tells no UUID'
  if (uuid === undefined || asker === 'os') throw unknowable(machine, why)
  const mac = parseMac(madeUp)
  const assumed = `no MAC is known before it boots: ${madeUp} stands for it here, and its ROM says the UUID ${uuid}`
  return { mac, house: { ...house, imagined: { mac, uuid } }, assumed }
}

function atPort(house: House, relay: RelayPort): Card {
  const mac = parseMac(madeUp)
  const assumed = `no MAC is known before it boots: ${madeUp} stands for it here, on its port`
  return { mac, house: { ...house, imagined: { mac, relay } }, assumed }
}

function unknowable({ name, uuid, origin }: Machine, why: string): Fault {
  return new Fault('machine-unknown', `${name} boots as a stranger: ${why}, and the site has no MAC address of it`, {
    ...origin,
    hint: uuid === undefined ? 'add mac: or uuid:' : 'add mac:',
  })
}
