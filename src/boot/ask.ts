import { isWiping, type Machine, type MenuProfile, type Profile, type WipingProfile } from '../config/site.ts'
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
  readonly contents: { of(profile: WipingProfile): string }
}

/** See the machine, then decide. Boot protocols are stateless, so this is asked at every step of one boot, at every door. */
export function ask({ registry, permits, contents }: Knowledge, client: Client, now: number): Answer {
  const machine = registry.recognise(client)
  const own = machine ? registry.profileOf(machine) : strangersProfile(registry)
  const permit = machine && permits.of(machine.name)
  const profile = own?.kind === 'menu' ? chosenFrom(registry, own, permit, client.chosen) : own
  const seen = { ...(machine && { machine }), ...(profile && { profile }), ...(permit && { permit }) }
  const strangers = registry.site.server.strangers
  const session = client.session === undefined ? {} : { session: client.session }
  const chosen = client.chosen === undefined ? {} : { chosen: client.chosen }
  const doubt = machine && doubtOf(registry, machine, client)
  // Files are read for it: only where somebody has allowed something.
  const content = isWiping(profile) && isOpen(permit) ? contents.of(profile) : undefined
  const wiping = { ...(doubt !== undefined && { doubt }), ...(content !== undefined && { content }) }
  return { ...seen, plan: decide({ strangers, ...seen, ...session, ...chosen, ...wiping, now }) }
}

function isOpen(permit: Permit | undefined): permit is Permit {
  return permit?.state === 'armed' || permit?.state === 'claimed'
}

/**
 * Who may be wiped is a stricter question than who may boot. UUIDs and serial numbers are said by whoever likes, and boards share them: a machine
 * that names MAC addresses is wiped only when one of them asks. Whatever hangs on a port is no other hardware than the site names.
 */
function doubtOf(registry: Registry, machine: Machine, client: Client): string | undefined {
  const { macs } = machine
  if (macs.length > 0) {
    if (client.mac !== undefined && macs.includes(client.mac)) return undefined
    return `${client.mac ?? 'a card that does not say its MAC address'} asks, and a machine that names MAC addresses is wiped by those alone`
  }
  const isReplaced = namesHardware(machine) && registry.byHardware(client) !== machine
  return isReplaced ? 'other hardware hangs on that port' : undefined
}

/** What somebody has allowed goes before what is chosen at the console; without either the menu stays. */
function chosenFrom(
  registry: Registry,
  menu: MenuProfile,
  permit: Permit | undefined,
  chosen: string | undefined,
): Profile {
  const choices = choicesOf(registry, menu)
  return (isOpen(permit) && choices.get(permit.target)) || (chosen !== undefined && choices.get(chosen)) || menu
}

function strangersProfile(registry: Registry): Profile | undefined {
  const { strangers } = registry.site.server
  return typeof strangers === 'string' ? undefined : registry.profile(strangers.profile)
}
