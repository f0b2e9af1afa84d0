import type { Machine } from '../../config/site.ts'
import type { House } from '../../files/house.ts'
import type { UnknownMachine } from '../../files/unknown-machines.ts'
import { readIpv4 } from '../../net/ipv4.ts'
import { isIpv6 } from '../../net/ipv6.ts'
import { readMac, type Mac } from '../../net/mac.ts'
import { machineNamed } from '../desk.ts'

/** What somebody asked to have retold: a machine of the site, one that nobody named, or one that the site named once. */
export interface Traced {
  /** As it is called in the trace. */
  readonly name: string
  readonly macs: readonly Mac[]
  readonly machine?: Machine
  readonly unknown?: UnknownMachine
}

/** By name, MAC, address, UUID or serial; by the name that a machine had when it booted, too. Throws Fault `machine-unknown`. */
export function tracedAs(house: House, text: string): Traced {
  const { registry, journal } = house
  const named = registry.named(text)
  if (named) return ofMachine(named)
  const found = byCard(house, text) ?? byEvidence(house, text)
  if (found) return found
  if (journal.ofMachine(text, 1).length > 0) return { name: text, macs: [] }
  return ofMachine(machineNamed(house, text))
}

function byCard(house: House, text: string): Traced | undefined {
  const mac = readMac(text) ?? holderOf(house, text)
  if (mac === undefined) return undefined
  const machine = house.registry.recognise({ mac })
  if (machine) return ofMachine(machine)
  const unknown = house.unknown.of(mac)
  if (unknown) return ofUnknown(unknown)
  return house.journal.lastSessionOf(mac) === undefined ? undefined : { name: mac, macs: [mac] }
}

function holderOf({ addresses, registry, unknown }: House, text: string): Mac | undefined {
  if (readIpv4(text) === undefined && !isIpv6(text)) return undefined
  const lease = addresses.holderOf(text) ?? registry.at(text)?.macs[0]
  return lease ?? unknown.list().find(({ address }) => address === text)?.mac
}

function byEvidence({ registry, unknown }: House, text: string): Traced | undefined {
  const uuid = text.toLowerCase()
  const machine = registry.byHardware({ uuid }) ?? registry.byHardware({ serial: text }) ?? registry.at(text)
  if (machine) return ofMachine(machine)
  const stranger = unknown.list().find((one) => one.uuid === uuid)
  return stranger && ofUnknown(stranger)
}

function ofMachine(machine: Machine): Traced {
  return { name: machine.name, macs: machine.macs, machine }
}

function ofUnknown(unknown: UnknownMachine): Traced {
  return { name: unknown.mac, macs: [unknown.mac], unknown }
}
