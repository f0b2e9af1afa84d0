import { nearCard, type UnknownMachine } from '../files/unknown-machines.ts'
import { machineOf, type House } from '../files/house.ts'

/** A machine that nobody named, which booted and waits for nothing; `near` is the machine whose card is nearly the same. */
export interface Unnamed extends Omit<UnknownMachine, 'events'> {
  readonly booted: true
  readonly near?: string
  readonly digits?: number
}

/** Newest first, without those that have a name meanwhile. */
export function unnamed(house: House): readonly Unnamed[] {
  const { unknown, registry } = house
  const { machines } = registry.site
  return unknown
    .list()
    .filter(
      ({ mac, uuid }) => !machineOf(house, mac) && !registry.recognise({ mac, ...(uuid !== undefined && { uuid }) }),
    )
    .map(({ events: _, ...about }) => {
      const near = nearCard(about.mac, machines)
      return { ...about, booted: true, ...(near && { near: near.machine, digits: near.digits }) }
    })
}
