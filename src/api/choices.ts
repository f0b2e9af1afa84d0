import { choicesOf } from '../config/choices.ts'
import type { Machine } from '../config/site.ts'
import type { House } from '../files/house.ts'
import { Registry } from '../machine/registry.ts'

/** A house in which a machine is what its menu lets it become, and the machine as it is there. */
export interface Chosen {
  readonly house: House
  readonly machine: Machine
}

/**
 * Every house that a machine can find itself in: the one it has, and for a menu one more for each of its choices. The fleet is indexed
 * once for each choice of each menu.
 */
export function everyChoice(house: House): (machine: Machine) => readonly Chosen[] {
  const known = new Map<string, readonly House[]>()
  return (machine) => {
    const menu = house.registry.profileOf(machine)
    if (menu?.kind !== 'menu') return [{ house, machine }]
    const houses = known.get(menu.name) ?? housesFor(house, menu.name)
    known.set(menu.name, houses)
    return [house, ...houses].map((one) => ({ house: one, machine: one.registry.named(machine.name)! }))
  }
}

function housesFor(house: House, name: string): readonly House[] {
  const { registry } = house
  const menu = registry.profile(name)
  if (menu?.kind !== 'menu') return []
  const choices = [...choicesOf(registry, menu).values()].filter(({ kind }) => kind !== 'menu')
  return choices.map((choice) => {
    const machines = registry.site.machines.map((machine) =>
      registry.profileOf(machine) === menu ? { ...machine, profile: choice.name } : machine,
    )
    return { ...house, registry: new Registry({ ...registry.site, machines }) }
  })
}
