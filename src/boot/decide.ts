import type { Machine, Profile, Site } from '../config/site.ts'
import type { Permit } from '../machine/permit.ts'
import type { Plan } from './plan.ts'

/** The facts of one decision. Pure: time and identity come in. */
export interface Facts {
  readonly strangers: Site['server']['strangers']
  readonly machine?: Machine
  readonly profile?: Profile
  readonly permit?: Permit
  /** The boot session that asks; undefined at a name that anyone can guess. */
  readonly session?: string
  readonly now: number
}

/** Booting is free; wiping needs a permit. Without one, and in every doubt, the machine boots its disk. */
export function decide(facts: Facts): Plan {
  const { machine, profile } = facts
  if (!machine) return stranger(facts)
  if (!profile) return local(`${machine.name} has no profile`)
  switch (profile.kind) {
    case 'local':
      return local(`profile ${profile.name} boots the disk`)
    case 'live':
      return { do: 'live', profile, why: `${machine.name} has the live profile ${profile.name}` }
    case 'image':
      return local(`profile ${profile.name} is a golden image, which this version cannot install`)
    case 'install':
      return install(facts, machine, profile)
  }
}

function stranger({ strangers, profile }: Facts): Plan {
  if (strangers === 'ignore')
    return { do: 'ignore', why: 'nobody named this machine, and strangers boot nothing from here' }
  if (strangers === 'local' || profile?.kind !== 'live') return local('nobody named this machine')
  return { do: 'live', profile, why: `strangers get the live profile ${profile.name}` }
}

function install(facts: Facts, machine: Machine, profile: Extract<Profile, { kind: 'install' }>): Plan {
  const { permit, session, now } = facts
  if (permit?.state !== 'armed' && permit?.state !== 'claimed') return local(closed(machine, permit))
  if (permit.target !== profile.name) {
    return local(`permit ${permit.id} allows ${permit.target}, but the profile is ${profile.name} now`)
  }
  if (permit.state === 'armed' && now >= permit.expiresAt) return local(`permit ${permit.id} has expired`)
  if (permit.state === 'claimed' && permit.session !== session) {
    return local(`permit ${permit.id} is claimed by boot session ${permit.session}`)
  }
  if (session === undefined) return local('an install is only given under the name of its own boot session')
  return { do: 'install', profile, permit, why: `permit ${permit.id} by ${permit.by}` }
}

function closed(machine: Machine, permit: Permit | undefined): string {
  return permit ? `permit ${permit.id} is ${permit.state}` : `${machine.name} has no permit to be installed`
}

function local(why: string): Plan {
  return { do: 'local', why }
}
