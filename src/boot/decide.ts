import type { Machine, Profile, Site, WipingProfile } from '../config/site.ts'
import { hardwareOf } from '../machine/hardware.ts'
import { readReference } from '../image/reference.ts'
import { isLate, type Permit } from '../machine/permit.ts'
import type { Plan } from './plan.ts'

/** The facts of one decision. Pure: time and identity come in. */
export interface Facts {
  readonly strangers: Site['server']['strangers']
  readonly machine?: Machine
  readonly profile?: Profile
  readonly permit?: Permit
  /** The boot session that asks; undefined at a name that anyone can guess. */
  readonly session?: string
  /** What was chosen at its console. */
  readonly chosen?: string
  /** The digest of what the profile says now, where it wipes. */
  readonly content?: string
  /** Why who asks may boot as this machine and yet not be wiped as it: the end of a sentence. */
  readonly doubt?: string
  readonly now: number
}

/** Booting is free; wiping needs a permit. Without one, and in every doubt, the machine boots its disk. */
export function decide(facts: Facts): Plan {
  const { machine, profile, chosen } = facts
  if (!machine) return stranger(facts)
  if (chosen === localDisk) return local('the disk was chosen at the console')
  if (machine.file !== undefined) return local(`${machine.name} boots a file of its own, ${machine.file}`)
  if (!profile) return local(`${machine.name} has no profile`)
  switch (profile.kind) {
    case 'local':
      return local(`profile ${profile.name} boots the disk`)
    case 'live':
      return { do: 'live', profile, why: `${machine.name} has the live profile ${profile.name}` }
    case 'menu':
      return { do: 'menu', profile, why: `${machine.name} has the menu ${profile.name}` }
    case 'image':
    case 'install':
      return wipe(facts, machine, profile)
  }
}

/** The entry of every menu that boots the disk. */
export const localDisk = 'local'
/** The entry that waits for a name. */
export const discovery = 'discover'

function stranger({ strangers, profile, chosen }: Facts): Plan {
  if (strangers === 'ignore')
    return { do: 'ignore', why: 'nobody named this machine, and strangers boot nothing from here' }
  if (chosen === localDisk) return local('the disk was chosen at the console')
  if (strangers === discovery || chosen === discovery)
    return { do: 'discover', why: 'nobody named this machine, and it waits until somebody does' }
  if (profile?.kind === 'menu') return { do: 'menu', profile, why: `strangers get the menu ${profile.name}` }
  if (strangers === 'local' || profile?.kind !== 'live') return local('nobody named this machine')
  return { do: 'live', profile, why: `strangers get the live profile ${profile.name}` }
}

function wipe(facts: Facts, machine: Machine, profile: WipingProfile): Plan {
  const { permit, session, doubt, now } = facts
  if (permit?.state !== 'armed' && permit?.state !== 'claimed') {
    const why = closed(machine, permit)
    return facts.chosen === profile.name ? { do: 'wait', profile, why } : local(why)
  }
  if (doubt !== undefined) return local(`permit ${permit.id} was made for ${hardwareOf(machine)}, but ${doubt}`)
  const hardware = hardwareOf(machine)
  if (permit.hardware !== undefined && permit.hardware !== hardware) {
    return local(`permit ${permit.id} was made for ${permit.hardware}, but ${machine.name} is ${hardware} now`)
  }
  if (permit.target !== profile.name) {
    return local(`permit ${permit.id} allows ${permit.target}, but the profile is ${profile.name} now`)
  }
  if (profile.kind === 'image' && nameOf(permit.image) !== nameOf(profile.image)) {
    return local(`permit ${permit.id} allows ${permit.image}, but the image is ${profile.image} now`)
  }
  const edited = whyNotThis(facts, machine, profile, permit)
  if (edited !== undefined) return local(edited)
  if (permit.state === 'armed' && isLate(permit, now, 0)) return local(`permit ${permit.id} has expired`)
  if (permit.state === 'claimed' && permit.session !== session) {
    return local(`permit ${permit.id} is claimed by boot session ${permit.session}`)
  }
  if (session === undefined) return local('an install is only given under the name of its own boot session')
  const why = `permit ${permit.id} by ${permit.by}`
  return profile.kind === 'image' ? { do: 'image', profile, permit, why } : { do: 'install', profile, permit, why }
}

/** A permit allows what its profile was and said when it was made, and nothing that was written since. */
function whyNotThis({ content }: Facts, machine: Machine, profile: WipingProfile, permit: Permit): string | undefined {
  const again = `birnam reinstall ${machine.name}${permit.state === 'claimed' ? ' --again' : ''} allows what it is now`
  if (permit.kind === undefined || permit.content === undefined)
    return `permit ${permit.id} was made by an older version and does not say what it allows: ${again}`
  if (permit.kind !== profile.kind)
    return `permit ${permit.id} allows an ${permit.kind} profile, but ${profile.name} is an ${profile.kind} profile now: ${again}`
  if (permit.content === content) return undefined
  return `profile ${profile.name} was edited after permit ${permit.id} was made: ${again}`
}

function nameOf(image: string | undefined): string | undefined {
  return image === undefined ? undefined : readReference(image)?.name
}

function closed(machine: Machine, permit: Permit | undefined): string {
  return permit ? `permit ${permit.id} is ${permit.state}` : `${machine.name} has no permit to be installed`
}

function local(why: string): Plan {
  return { do: 'local', why }
}
