import { checkAddresses } from './check-network.ts'
import { formatAgentId, type RelayPort } from '../net/relay-port.ts'
import type { Path, Reporter } from './problem.ts'
import type { Machine, Site } from './site.ts'
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
  yield* checkAddresses(site, report)
  yield* slowly(site.machines, (machine) => checkIdentity(machine, report))
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
  const distros = new Names('distro', [...site.distros.map(nameOf), ...broken], report)
  const machines = new Names('machine', [...site.machines.map(nameOf), ...broken], report)
  yield* slowly(site.machines, (machine) => {
    profiles.need(machine, ['profile'], machine.profile)
    for (const [index, group] of machine.groups.entries()) groups.need(machine, ['groups', index], group)
  })
  for (const group of site.groups) {
    profiles.need(group, ['profile'], group.profile)
    for (const [index, member] of group.machines.entries()) {
      if (!/[*?]/.test(member)) machines.need(group, ['machines', index], member, 'warning')
    }
  }
  for (const profile of site.profiles) {
    // An imported distro lives in the data directory, not in the site: so its name may be unknown here.
    if (profile.kind === 'install') distros.need(profile, ['distro'], profile.distro, 'warning')
  }
  const { strangers } = site.server
  if (typeof strangers !== 'object') return
  profiles.need(site.server, ['strangers'], strangers.profile)
  const kind = site.profiles.find(({ name }) => name === strangers.profile)?.kind
  if (kind === 'install' || kind === 'image') {
    const hint = 'name the machine and give it a permit; strangers can have a live profile, local or ignore'
    report(site.server, ['strangers'], {
      message: `${strangers.profile} wipes disks: not for machines that nobody named`,
      hint,
    })
  }
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

/** What boards carry whose maker wrote no serial number. */
const blank =
  /^(?:0+|none|n\/a|unknown|not (?:specified|applicable)|default string|system serial number|to be filled by o\.?e\.?m\.?|chassis serial number|1234567890?)$/i

function checkIdentity(machine: Machine, report: Reporter): void {
  if (machine.serial !== undefined && blank.test(machine.serial)) {
    const hint = 'thousands of boards carry that text; name the machine by its MAC'
    report(machine, ['serial'], { message: `${machine.serial} is no serial number`, hint, severity: 'warning' })
  }
  if (machine.macs.length === 0 && machine.uuid === undefined && machine.serial === undefined && !machine.relay) {
    const hint = 'give it a mac:, a uuid: or a serial:'
    const message = `nothing tells ${machine.name} from other machines`
    report(machine, ['name'], { message, hint, severity: 'warning' })
  }
}
