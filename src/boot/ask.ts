import type { Machine, Profile } from '../config/site.ts'
import type { Registry } from '../machine/registry.ts'
import { namesHardware } from '../machine/hardware.ts'
import type { Permit, Permits } from '../machine/permit.ts'
import type { Client } from './client.ts'
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
  const profile = machine ? registry.profileOf(machine) : strangersProfile(registry)
  const permit = machine && permits.of(machine.name)
  const seen = { ...(machine && { machine }), ...(profile && { profile }), ...(permit && { permit }) }
  const strangers = registry.site.server.strangers
  const session = client.session === undefined ? {} : { session: client.session }
  const replaced = machine !== undefined && namesHardware(machine) && registry.byHardware(client) !== machine
  return { ...seen, plan: decide({ strangers, ...seen, ...session, replaced, now }) }
}

function strangersProfile(registry: Registry): Profile | undefined {
  const { strangers } = registry.site.server
  return typeof strangers === 'string' ? undefined : registry.profile(strangers.profile)
}
