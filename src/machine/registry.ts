import { isGlob, nameGlob, type Glob } from '../config/glob.ts'
import type { Group, Machine, Profile, Site } from '../config/site.ts'
import { isPlaceholderSerial, isPlaceholderUuid, swapped } from '../config/placeholders.ts'
import { atOnce, slowly, type Slices } from '../config/slices.ts'
import { overlaid, type SiteOption } from '../net/dhcp-option.ts'
import type { Mac } from '../net/mac.ts'
import { relayKey, type RelayPort } from '../net/relay-port.ts'

/** Evidence by which a machine can be told from others; every field came from the wire. */
export interface Evidence {
  readonly mac?: Mac
  readonly uuid?: string
  readonly serial?: string
  readonly relay?: RelayPort
}

/** All machines of one site, indexed once when the site is read. Every look-up is one step, whatever the fleet's size. */
export class Registry {
  readonly site: Site
  readonly #byName = new Map<string, Machine>()
  readonly #byMac = new Map<string, Machine>()
  readonly #byUuid = new Map<string, Machine>()
  readonly #bySerial = new Map<string, Machine>()
  /** By the last eight hexadecimal digits, where only one machine's serial number ends so: a Raspberry Pi says no more of its own. */
  readonly #bySerialEnd = new Map<string, Machine | undefined>()
  readonly #byPort = new Map<string, Machine>()
  readonly #byAddress = new Map<string, Machine>()
  readonly #profiles = new Map<string, Profile>()
  readonly #listed = new Map<string, Group[]>()
  readonly #patterns: { readonly match: Glob; readonly group: Group }[] = []
  readonly #groups = new Map<string, Group>()
  #groupsHaveOptions = false
  #withoutIp = 0
  #withoutIp6 = 0

  constructor(site: Site, when: 'now' | 'later' = 'now') {
    this.site = site
    if (when === 'now') atOnce(this.#index())
  }

  /** The same in pieces: others are served while a large fleet is indexed. */
  static *indexing(site: Site): Slices<Registry> {
    const registry = new Registry(site, 'later')
    yield* registry.#index()
    return registry
  }

  *#index(): Slices<void> {
    const { profiles, groups, machines } = this.site
    for (const profile of profiles) this.#profiles.set(profile.name, profile)
    yield* slowly(groups, (group) => this.#addGroup(group))
    yield* slowly(machines, (machine) => this.#addMachine(machine))
  }

  /** Machines that have no IPv4 address of their own. */
  get withoutIp(): number {
    return this.#withoutIp
  }

  /** Machines that have no IPv6 address of their own. */
  get withoutIp6(): number {
    return this.#withoutIp6
  }

  named(name: string): Machine | undefined {
    return this.#byName.get(name)
  }

  at(address: string): Machine | undefined {
    return this.#byAddress.get(address)
  }

  /** The one machine whose serial number ends in these eight digits; none when there are several. */
  bySerialEnd(digits: string): Machine | undefined {
    return this.#bySerialEnd.get(digits)
  }

  profile(name: string): Profile | undefined {
    return this.#profiles.get(name)
  }

  /**
   * The MAC decides; the UUID and the serial only where no MAC is known: vendors ship the same UUID twice. The port comes last: a machine
   * that is known by itself is the same wherever it hangs.
   */
  recognise(evidence: Evidence): Machine | undefined {
    return this.byHardware(evidence) ?? (evidence.relay && this.#atPort(evidence.relay))
  }

  /** The machine that this hardware is, wherever it hangs. */
  byHardware(evidence: Evidence): Machine | undefined {
    const byMac = evidence.mac && this.#byMac.get(evidence.mac)
    if (byMac) return byMac
    const byUuid = evidence.uuid && this.#byUuid.get(evidence.uuid)
    return byUuid || (evidence.serial ? this.#bySerial.get(evidence.serial) : undefined)
  }

  /** A machine that names both ends of its port, else one that names the circuit alone, else the remote end. */
  #atPort({ circuit, remote }: RelayPort): Machine | undefined {
    if (this.#byPort.size === 0) return undefined
    const ports = [{ circuit, remote }, { circuit }, { remote }].map(({ circuit: one, remote: other }) =>
      relayKey({ ...(one !== undefined && { circuit: one }), ...(other !== undefined && { remote: other }) }),
    )
    // An end that was not told makes an empty key, which no machine has.
    for (const port of ports) if (this.#byPort.has(port)) return this.#byPort.get(port)
    return undefined
  }

  /** DHCP options of a machine: its own over those of its groups, the strongest group over the others. */
  optionsOf(machine: Machine, family: 'options' | 'options6'): readonly SiteOption[] {
    if (!this.#groupsHaveOptions) return machine[family] ?? []
    const groups = this.groupsOf(machine).toReversed()
    return overlaid(...groups.map((group) => group[family] ?? []), machine[family] ?? [])
  }

  /** The groups of a machine, strongest first (lowest priority number, then by name). */
  groupsOf(machine: Machine): readonly Group[] {
    const found = new Set<Group>(this.#listed.get(machine.name))
    for (const name of machine.groups) if (this.#groups.has(name)) found.add(this.#groups.get(name)!)
    for (const { match, group } of this.#patterns) if (match.test(machine.name)) found.add(group)
    return [...found].sort((a, b) => a.priority - b.priority || (a.name < b.name ? -1 : 1))
  }

  /** The machine's own profile, else that of its strongest group that names one; none where it boots a file of its own. */
  profileOf(machine: Machine): Profile | undefined {
    if (machine.file !== undefined) return undefined
    const name = machine.profile ?? this.groupsOf(machine).find((group) => group.profile)?.profile
    return name === undefined ? undefined : this.#profiles.get(name)
  }

  #addGroup(group: Group): void {
    this.#groups.set(group.name, group)
    this.#groupsHaveOptions ||= group.options !== undefined || group.options6 !== undefined
    for (const member of group.machines) {
      if (isGlob(member)) this.#patterns.push({ match: nameGlob(member), group })
      else this.#listed.set(member, [...(this.#listed.get(member) ?? []), group])
    }
  }

  #addMachine(machine: Machine): void {
    this.#byName.set(machine.name, machine)
    if (machine.ip === undefined) this.#withoutIp++
    if (machine.ip6 === undefined) this.#withoutIp6++
    for (const mac of machine.macs) this.#byMac.set(mac, machine)
    const { uuid, serial } = machine
    // What whole series of boards say identifies nobody, whoever writes it down.
    if (uuid && !isPlaceholderUuid(uuid)) for (const one of [uuid, swapped(uuid)]) this.#byUuid.set(one, machine)
    if (serial && !isPlaceholderSerial(serial)) {
      this.#bySerial.set(serial, machine)
      const end = /^[0-9a-f]*([0-9a-f]{8})$/i.exec(serial)?.[1]?.toLowerCase()
      if (end !== undefined) this.#bySerialEnd.set(end, this.#bySerialEnd.has(end) ? undefined : machine)
    }
    if (machine.relay) this.#byPort.set(relayKey(machine.relay), machine)
    if (machine.ip) this.#byAddress.set(machine.ip, machine)
    if (machine.ip6) this.#byAddress.set(machine.ip6, machine)
  }
}
