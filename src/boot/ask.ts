import type { Machine, MenuProfile, Profile } from '../config/site.ts'
import type { Registry } from '../machine/registry.ts'
import { namesHardware } from '../machine/hardware.ts'
import type { Permit, Permits } from '../machine/permit.ts'
import type { Client } from './client.ts'
import { choicesOf } from '../config/choices.ts'
import { decide } from './decide.ts'
import type { Plan } from './plan.ts'

/** What was seen and what was decided, for one client at one door. */
export interface Answer {
  readonly machine?: Machine
  readonly profile?: Profile
  readonly permit?: Permit
  readonly plan: Plan
}

/** What the question needs to know. */
export interface Knowledge {
  readonly registry: Registry
  readonly permits: Pick<Permits, 'of'>
}

/** See the machine, then decide. Boot protocols are stateless, so this is asked at every step of one boot, at every door. */
export function ask({ registry, permits }: Knowledge, client: Client, now: number): Answer {
  const machine = registry.recognise(client)
  const own = machine ? registry.profileOf(machine) : strangersProfile(registry)
  const permit = machine && permits.of(machine.name)
  const profile = own?.kind === 'menu' ? chosenFrom(registry, own, permit, client.chosen) : own
  const seen = { ...(machine && { machine }), ...(profile && { profile }), ...(permit && { permit }) }
  const strangers = registry.site.server.strangers
  const session = client.session === undefined ? {} : { session: client.session }
  const chosen = client.chosen === undefined ? {} : { chosen: client.chosen }
  const replaced = machine !== undefined && namesHardware(machine) && registry.byHardware(client) !== machine
  return { ...seen, plan: decide({ strangers, ...seen, ...session, ...chosen, replaced, now }) }
}

/** What somebody has allowed goes before what is chosen at the console; without either the menu stays. */
function chosenFrom(
  registry: Registry,
  menu: MenuProfile,
  permit: Permit | undefined,
  chosen: string | undefined,
): Profile {
  const choices = choicesOf(registry, menu)
  const isOpen = permit?.state === 'armed' || permit?.state === 'claimed'
  return (isOpen && choices.get(permit.target)) || (chosen !== undefined && choices.get(chosen)) || menu
}

function strangersProfile(registry: Registry): Profile | undefined {
  const { strangers } = registry.site.server
  return typeof strangers === 'string' ? undefined : registry.profile(strangers.profile)
}
