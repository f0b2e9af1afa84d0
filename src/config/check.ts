import { checkAddresses } from './check-network.ts'
import { checkAddresses6 } from './check-network6.ts'
import { choicesOf } from './choices.ts'
import { isGlob } from './glob.ts'
import { isPlaceholderSerial, isPlaceholderUuid } from './placeholders.ts'
import { formatAgentId, type RelayPort } from '../net/relay-port.ts'
import type { Path, Reporter } from './problem.ts'
import { isWiping, type Machine, type Profile, type Site } from './site.ts'
import { slowly, type Slices } from './slices.ts'
import { didYouMean } from './suggest.ts'

/** What the site does not hold although it is written: `whole` is false when a file could not be read at all. */
export interface Unread {
  readonly whole: boolean
  /** Names of nouns that have problems of their own. */
  readonly broken: readonly string[]
}

/** What no file shows by itself: names that are there twice or not at all, and addresses that fight. */
export function* checkSite(site: Site, report: Reporter, unread: Unread): Slices<void> {
  yield* checkUnique(site, report)
  if (unread.whole) yield* checkReferences(site, report, unread.broken)
  checkTftp(site.server, report)
  yield* checkAddresses(site, report)
  yield* checkAddresses6(site, report)
  yield* slowly(site.machines, (machine) => {
    checkIdentity(machine, report)
    checkFile(machine, report)
  })
}

/** One port alone means that of requests; from another one no transfer could be told from the one before it. */
function checkTftp(server: Site['server'], report: Reporter): void {
  const { port, ports } = server.tftp
  if (!ports || (ports.from === ports.to ? ports.from === port : ports.to < port || ports.from > port)) return
  const [message, hint] =
    ports.from === ports.to
      ? ['one port is only enough when it is that of tftp.port', `write ${port}, or a range like 40000-40007`]
      : [`the range holds the port of requests, ${port}`, `write a range without it, or ${port} alone`]
  report(server, ['tftp', 'ports'], { message, hint })
}

function* checkUnique(site: Site, report: Reporter): Slices<void> {
  for (const list of ['machines', 'groups', 'profiles', 'distros'] as const) {
    const seen = new Seen(report, 'the name')
    yield* slowly<Named>(site[list], (noun) => seen.add(noun, ['name'], noun.name))
  }
  const macs = new Seen(report, 'the MAC address')
  const uuids = new Seen(report, 'the UUID')
  const serials = new Seen(report, 'the serial number')
  const addresses = new Seen(report, 'the address')
  const ports = new Seen(report, 'the relay port')
  yield* slowly(site.machines, (machine) => {
    for (const [index, mac] of machine.macs.entries()) macs.add(machine, ['mac', index], mac)
    uuids.add(machine, ['uuid'], machine.uuid)
    serials.add(machine, ['serial'], machine.serial)
    addresses.add(machine, ['ip'], machine.ip)
    addresses.add(machine, ['ip6'], machine.ip6)
    ports.add(machine, ['relay'], machine.relay && portText(machine.relay))
  })
}

function portText({ circuit, remote }: RelayPort): string {
  const words = [circuit && `circuit ${formatAgentId(circuit)}`, remote && `remote ${formatAgentId(remote)}`]
  return words.filter((word) => word !== undefined).join(', ')
}

interface Named {
  readonly name: string
  readonly origin: { readonly file: string; readonly line: number }
}

/** Values of which each belongs to one noun only. */
class Seen {
  readonly #report: Reporter
  readonly #what: string
  readonly #owners = new Map<string, Named>()

  constructor(report: Reporter, what: string) {
    this.#report = report
    this.#what = what
  }

  add(noun: Named, path: Path, value: string | undefined): void {
    if (value === undefined) return
    const owner = this.#owners.get(value)
    if (!owner) return void this.#owners.set(value, noun)
    const whose = owner === noun ? 'this machine already' : `${owner.name} (${owner.origin.file}:${owner.origin.line})`
    this.#report(noun, path, { message: `${this.#what} ${value} belongs to ${whose}`, hint: 'keep it in one place' })
  }
}

function* checkReferences(site: Site, report: Reporter, broken: readonly string[]): Slices<void> {
  const profiles = new Names('profile', [...site.profiles.map(nameOf), ...broken], report)
  const groups = new Names('group', [...site.groups.map(nameOf), ...broken], report)
  const machines = new Names('machine', [...site.machines.map(nameOf), ...broken], report)
  yield* slowly(site.machines, (machine) => {
    profiles.need(machine, ['profile'], machine.profile)
    for (const [index, group] of machine.groups.entries()) groups.need(machine, ['groups', index], group)
  })
  for (const group of site.groups) {
    profiles.need(group, ['profile'], group.profile)
    for (const [index, member] of group.machines.entries()) {
      if (!isGlob(member)) machines.need(group, ['machines', index], member, 'warning')
    }
  }
  checkMenus(site, profiles, report)
  const { strangers } = site.server
  if (typeof strangers !== 'object') return
  profiles.need(site.server, ['strangers'], strangers.profile)
  const wiping = profilesFor(site, strangers.profile).find(isWiping)
  if (wiping) {
    const hint =
      'name the machine and give it a permit; strangers can have a live profile, a menu of such, discover, local or ignore'
    report(site.server, ['strangers'], {
      message: `${wiping.name} wipes disks: not for machines that nobody named`,
      hint,
    })
  }
}

/** Entries that have a meaning of their own. */
const reserved: readonly string[] = ['local', 'discover']

function checkMenus(site: Site, profiles: Names, report: Reporter): void {
  for (const profile of site.profiles) {
    if (profile.kind !== 'menu') continue
    for (const [index, entry] of profile.entries.entries()) {
      if (!reserved.includes(entry)) profiles.need(profile, ['entries', index], entry)
      else if (site.profiles.some(({ name }) => name === entry))
        report(profile, ['entries', index], {
          message: `${entry} means something else in a menu than the profile of that name`,
          hint: `rename the profile ${entry}`,
        })
      if (profile.entries.indexOf(entry) !== index)
        report(profile, ['entries', index], {
          message: `${entry} stands twice in this menu`,
          hint: 'take one of them out',
        })
    }
  }
}

/** A profile, and all that can be chosen from it when it is a menu. */
function profilesFor(site: Site, name: string): readonly Profile[] {
  const profile = (wanted: string): Profile | undefined => site.profiles.find((one) => one.name === wanted)
  const first = profile(name)
  if (first?.kind !== 'menu') return first ? [first] : []
  return [...choicesOf({ profile }, first).values()]
}

class Names {
  readonly #what: string
  readonly #names: ReadonlySet<string>
  readonly #report: Reporter

  constructor(what: string, names: readonly string[], report: Reporter) {
    this.#what = what
    this.#names = new Set(names)
    this.#report = report
  }

  need(noun: object, path: Path, name: string | undefined, severity: 'error' | 'warning' = 'error'): void {
    if (name === undefined || this.#names.has(name)) return
    this.#report(noun, path, () => {
      const hint = didYouMean(name, [...this.#names].slice(0, 5000), `write it under ${this.#what}s:`)
      return { message: `there is no ${this.#what} ${name}`, hint, severity }
    })
  }
}

function nameOf({ name }: Named): string {
  return name
}

function checkFile(machine: Machine, report: Reporter): void {
  if (machine.file === undefined || machine.profile === undefined) return
  const message = 'says what the machine boots, and so does its profile'
  report(machine, ['file'], { message, hint: 'take file: or profile: out' })
}

function checkIdentity(machine: Machine, report: Reporter): void {
  const shared = {
    hint: 'whole series of boards carry it, so it identifies nobody: name the machine by its MAC',
    severity: 'warning',
  } as const
  if (machine.uuid !== undefined && isPlaceholderUuid(machine.uuid))
    report(machine, ['uuid'], { message: `${machine.uuid} is a placeholder, no UUID`, ...shared })
  if (machine.serial !== undefined && isPlaceholderSerial(machine.serial))
    report(machine, ['serial'], { message: `${machine.serial} is no serial number`, ...shared })
  if (machine.macs.length === 0 && machine.uuid === undefined && machine.serial === undefined && !machine.relay) {
    const hint = 'give it a mac:, a uuid: or a serial:'
    const message = `nothing tells ${machine.name} from other machines`
    report(machine, ['name'], { message, hint, severity: 'warning' })
  }
}
