import { randomBytes } from 'node:crypto'
import type { House } from '../files/house.ts'
import { knownAddress } from '../files/own-address.ts'
import { choicesOf } from '../config/choices.ts'
import { isWiping, type Machine, type MenuProfile, type Profile, type WipingProfile } from '../config/site.ts'
import { Fault } from '../fault.ts'
import { readExpected } from '../machine/disks.ts'
import { stateOf, type MachineState } from '../machine/lifecycle.ts'
import { hardwareOf } from '../machine/hardware.ts'
import { promiseImage } from './promise.ts'
import type { Permit } from '../machine/permit.ts'

/** A machine as a person or program sees it. */
export interface MachineView {
  readonly name: string
  readonly macs: readonly string[]
  readonly address?: string
  readonly profile?: string
  /** Of the profile; `file`: it boots one of its own instead. */
  readonly kind?: Profile['kind'] | 'file'
  readonly state: MachineState
  readonly permit?: Permit
  /** What a person should know of its permit. */
  readonly notes?: readonly string[]
}

export function viewOf(house: House, machine: Machine): MachineView {
  const permit = house.permits.of(machine.name)
  const own = house.registry.profileOf(machine)
  const profile = own?.name
  const kind = machine.file === undefined ? own?.kind : 'file'
  const address = knownAddress(house, machine)
  return {
    name: machine.name,
    macs: machine.macs,
    ...(address !== undefined && { address }),
    ...(profile !== undefined && { profile }),
    ...(kind !== undefined && { kind }),
    state: stateOf(permit),
    ...(permit && { permit }),
  }
}

export function machineNamed(house: House, name: string): Machine {
  const machine = house.registry.named(name)
  if (machine) return machine
  throw new Fault('machine-unknown', `no machine is named ${/^[\w.-]+$/.test(name) ? name : JSON.stringify(name)}`, {
    hint: 'birnam machine list shows them all',
  })
}

export interface ReinstallWish {
  readonly by: string
  readonly again?: boolean | undefined
  /**
   * The profile that the caller believes it installs; refused when the site says another. For a golden image also which version:
   * `porter:12`.
   */
  readonly to?: string | undefined
  /** Of a golden image: names of disks that may be wiped although they hold data, apart by blanks; `any`: all. */
  readonly disks?: string | undefined
}

/** Arms: the machine may be wiped once, at its next network boot. The same wish twice is one permit. */
export async function reinstall(
  house: House,
  name: string,
  wish: ReinstallWish,
): Promise<{ permit: Permit; made: boolean }> {
  const { machine, profile, content } = wantedOf(house, name, wish.to)
  const image = profile.kind === 'image' ? await promiseImage(house, profile, wish.to) : undefined
  if (!image && wish.to !== undefined && wish.to !== profile.name) throw otherProfile(machine, profile.name, wish.to)
  const now = wantedOf(house, name, wish.to)
  const isSame = now.profile.name === profile.name && now.content === content
  if (!isSame || hardwareOf(now.machine) !== hardwareOf(machine)) throw siteChanged(name)
  const { lifetime, install } = house.registry.site.server.permits
  const times = { lifetime: lifetime * 1000, install: install * 1000 }
  const id = randomBytes(5).toString('hex')
  const what = {
    machine: name,
    target: profile.name,
    kind: profile.kind,
    content,
    hardware: hardwareOf(machine),
    ...(wish.disks !== undefined && { disks: expectedDisks(wish.disks, profile) }),
    ...(image !== undefined && { image }),
  }
  const armed = { ...what, by: wish.by, ...(wish.again && { again: true }) }
  const result = house.permits.arm(armed, times, house.now(), id)
  if (result.made)
    tell(house, name, 'permit.armed', { permit: result.permit.id, target: image ?? profile.name, by: wish.by })
  return result
}

interface Wanted {
  readonly machine: Machine
  readonly profile: WipingProfile
  /** The digest of what the profile says. */
  readonly content: string
}

/** What would be installed, as the site says it at this moment. */
function wantedOf(house: House, name: string, to: string | undefined): Wanted {
  const machine = machineNamed(house, name)
  const own = house.registry.profileOf(machine)
  const profile = own?.kind === 'menu' && to !== undefined ? chosenFor(house, machine, own, to) : own
  if (!isWiping(profile)) throw notInstallable(machine, profile)
  return { machine, profile, content: house.contents.of(profile) }
}

function siteChanged(name: string): Fault {
  return new Fault('permit-conflict', `the site was edited while the image of ${name} was looked for`, {
    hint: `look at what it says now (birnam explain ${name} --armed), and say it again`,
  })
}

/** What a machine with a menu may become. */
function chosenFor(house: House, machine: Machine, menu: MenuProfile, to: string): Profile {
  const name = to.split(/[:@]/, 1)[0]
  const choices = [...choicesOf(house.registry, menu).values()].filter(isWiping)
  const found = choices.find(
    (one) => one.name === to || (one.kind === 'image' && one.image.split(/[:@]/, 1)[0] === name),
  )
  if (found) return found
  throw new Fault('permit-conflict', `${machine.name} has the menu ${menu.name}, which does not offer ${to}`, {
    ...machine.origin,
    hint:
      choices.length > 0 ? `it offers ${choices.map((one) => one.name).join(', ')}` : 'it offers nothing that installs',
  })
}

function expectedDisks(text: string, { kind, name, origin }: WipingProfile): string {
  if (kind === 'install') {
    throw new Fault(
      'request-invalid',
      `profile ${name} has an installer of its own, which is told its disks by its answer`,
      {
        ...origin,
        hint: 'leave --disk out; it is for golden images',
      },
    )
  }
  const names = readExpected(text)
  if (names && names.length > 0) return names.join(' ')
  throw new Fault('request-invalid', `${JSON.stringify(text.slice(0, 100))} names no disks`, {
    hint: 'write serial:…, wwn:… or table:… as the stopped install told it, or any',
  })
}

export function withdraw(house: House, name: string, by: string): Permit {
  // A machine that has left the site may still have an open permit, and that is what somebody wants to take back.
  if (!house.permits.of(name)) machineNamed(house, name)
  const permit = house.permits.end(name, 'withdraw', house.now(), `withdrawn by ${by}`)
  if (!permit)
    throw new Fault('permit-conflict', `${name} has no open permit`, {
      hint: `birnam machine show ${name} tells its state`,
    })
  tell(house, name, 'permit.withdrawn', { permit: permit.id, by })
  return permit
}

/** Closes permits whose time is over; the server calls it every second. */
export function closeLate(house: House): void {
  const { lifetime, install } = house.registry.site.server.permits
  for (const permit of house.permits.expire({ lifetime: lifetime * 1000, install: install * 1000 }, house.now())) {
    const whose = permit.session === undefined ? {} : { session: permit.session }
    const type = permit.state === 'failed' ? 'install.failed' : 'permit.expired'
    const detail = { permit: permit.id, why: permit.why }
    house.journal.record({ at: house.now(), type, machine: permit.machine, ...whose, detail })
  }
}

function tell(house: House, machine: string, type: string, detail: Record<string, string>): void {
  house.journal.record({ at: house.now(), type, machine, detail })
}

function notInstallable({ name, origin }: Machine, profile: Profile | undefined): Fault {
  const hint =
    profile?.kind === 'menu'
      ? 'say what it shall become: --to PROFILE'
      : 'give it a profile of kind: install or image in the site, then reinstall it'
  if (profile === undefined) return new Fault('profile-missing', `${name} has no profile`, { ...origin, hint })
  const why = `${name} has the ${profile.kind} profile ${profile.name}, which installs nothing`
  return new Fault('permit-conflict', why, { ...origin, hint })
}

function otherProfile(machine: Machine, has: string, wanted: string): Fault {
  return new Fault('permit-conflict', `${machine.name} has the profile ${has}, not ${wanted}`, {
    ...machine.origin,
    hint: `set profile: ${wanted} in the site first; a permit covers what the site says`,
  })
}
