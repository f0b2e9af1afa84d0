import type { Group, Machine, Profile } from '../config/site.ts'
import type { ClusterGroup } from './cluster.ts'
import type { Card } from './hosts.ts'
import { readIpv4 } from '../net/ipv4.ts'
import { shortOf } from './names.ts'
import { groupsByHost, layersOf, tellUnused, type GroupsOf, type Layer } from './layers.ts'
import type { OldSite } from './old-site.ts'
import { isName, type LeftList } from '../takeover/told.ts'

export interface Nouns {
  readonly machines: readonly Machine[]
  /** Those whose MAC address nobody knows: without it they would boot as strangers. */
  readonly waiting: readonly Machine[]
  readonly groups: readonly Group[]
  readonly profiles: readonly Profile[]
  readonly layers: readonly Layer[]
  /** Sentences: what only a person knows. */
  readonly todo: readonly string[]
}

export interface NounOptions {
  /** What each old image is called here. */
  readonly images: ReadonlyMap<string, string>
  /** The layout of an old image, when its disks could be read: `layouts/porter.yaml`. */
  readonly layouts: ReadonlyMap<string, string>
}

const origin = { file: 'systemimager.yaml', line: 0 }

/**
 * Machines, groups and profiles out of cluster.xml, links and hosts. A host's own script wins over its groups', as in SystemImager; its
 * overrides are laid in its order, but for two things that are told: an image's own ones, and those that a script lays last.
 */
export function nounsOf(old: OldSite, { images, layouts }: NounOptions, left: LeftList): Nouns {
  const todo: string[] = []
  const profileOf = (image: string): string | undefined => (layouts.has(image) ? images.get(image) : undefined)
  const groups = old.cluster.groups.map((group) => withLink(shortened(group, left), old))
  const facts = new Facts(old, groups, left)
  const named = new Set([...groups.flatMap(({ nodes }) => nodes), ...facts.hostsOfCards])
  const names = [...named.union(hostLinks(old, groups, named, left))].toSorted()
  const groupsOf = groupsByHost(groups)
  const profiles: Profile[] = [...layouts].flatMap(([image, layout]) => {
    const name = images.get(image)
    return name === undefined ? [] : [profileFor(name, layout)]
  })
  for (const image of images.keys())
    if (!layouts.has(image))
      todo.push(
        `the disks of ${images.get(image)}: write layouts/${images.get(image)}.yaml and a profile (kind: image, image: ${images.get(image)})`,
      )
  const imageOf = (host: string): string | undefined => imageFor(host, old, groupsOf)
  const machines = names.map((name) => {
    const script = old.links.get(name)
    const own = script === undefined ? undefined : profileOf(old.scripts.get(script)?.image ?? script)
    return machineFor(name, own, facts)
  })
  tellMachines(machines, imageOf, profileOf, todo)
  tellStrangers(old, new Set(names), left)
  const layers = layersOf(old, { groups, groupsOf, hosts: names, imageOf, images })
  tellUnused(old, layers, left)
  return {
    machines: machines.filter(({ macs }) => macs.length > 0),
    waiting: machines.filter(({ macs }) => macs.length === 0),
    groups: [
      ...groups.map((group) => groupFor(group, group.image === undefined ? undefined : profileOf(group.image))),
      ...layers.extra,
    ],
    profiles,
    layers: layers.list,
    todo,
  }
}

function shortened(group: ClusterGroup, left: LeftList): ClusterGroup {
  const nodes = [...new Set(group.nodes.map(shortOf))]
  if (group.addresses.length > 0 && group.addresses.length !== group.nodes.length)
    left.add(
      'cluster.xml',
      `<ip-range> of ${group.name} has ${group.addresses.length} addresses for ${group.nodes.length} nodes`,
      group.line,
    )
  return { ...group, nodes }
}

/** A script that is called like a group is that group's, before its image. */
function withLink(group: ClusterGroup, { links, scripts }: OldSite): ClusterGroup {
  const script = links.get(group.name)
  return script === undefined ? group : { ...group, image: scripts.get(script)?.image ?? script }
}

/** Links are called like a host, a group, or what the names of hosts have before their number. */
function hostLinks(
  old: OldSite,
  groups: readonly ClusterGroup[],
  named: ReadonlySet<string>,
  left: LeftList,
): ReadonlySet<string> {
  const bases = new Set(
    [...named, ...old.links.keys(), ...old.hosts.keys()].flatMap((name) => /^(.+?)\d/.exec(name)?.[1] ?? []),
  )
  const hosts = [...old.links.keys()].filter((name) => {
    if (groups.some((group) => group.name === name)) return false
    if (named.has(name) || old.hosts.has(name) || !bases.has(name)) return true
    left.add(`scripts/${name}.sh`, `is for all hosts whose names begin so: make a group with machines: ["${name}*"]`)
    return false
  })
  return new Set(hosts)
}

/** Addresses, cards and domains by short name. */
class Facts {
  readonly #hosts: ReadonlyMap<string, string>
  readonly #macs = new Map<string, Card['mac']>()
  readonly #ranges = new Map<string, string>()
  readonly #domains = new Map<string, string>()
  readonly #addresses = new Map<string, string>()
  readonly #takenMacs = new Set<string>()
  readonly #holders = new Map<string, string>()
  readonly #left: LeftList
  readonly hostsOfCards: readonly string[]

  constructor(old: OldSite, groups: readonly ClusterGroup[], left: LeftList) {
    this.#hosts = old.hosts
    this.#left = left
    const byAddress = new Map([...old.hosts].map(([host, address]) => [address, host]))
    for (const { mac, host, address } of old.cards) {
      const name = host !== undefined && isName(host) ? host : address && byAddress.get(address)
      if (name === undefined || this.#macs.has(name) || this.#takenMacs.has(mac)) continue
      this.#macs.set(name, mac)
      this.#takenMacs.add(mac)
      if (address !== undefined) this.#addresses.set(name, address)
    }
    this.hostsOfCards = [...this.#macs.keys()]
    for (const { nodes, addresses, domain } of groups) {
      const sorted = nodes.toSorted()
      for (const [index, name] of sorted.entries()) {
        if (domain !== undefined) this.#domains.set(name, domain)
        if (addresses.length === nodes.length) this.#ranges.set(name, addresses[index]!)
      }
    }
  }

  macOf(name: string): Card['mac'] | undefined {
    return this.#macs.get(name)
  }

  /** One address, one machine: the first that is asked for keeps it. */
  addressOf(name: string): string | undefined {
    const address = this.#hosts.get(name) ?? this.#addresses.get(name) ?? this.#ranges.get(name)
    if (address === undefined) return undefined
    const first = (readIpv4(address) ?? 0) >>> 24
    const holder = this.#holders.get(address) ?? name
    if (holder === name && first > 0 && first < 224 && first !== 127) {
      this.#holders.set(address, name)
      return address
    }
    this.#left.add(
      'scripts/hosts',
      `the address ${address} of ${name} ${holder === name ? 'is none of a host' : `belongs to ${holder}`}`,
    )
    return undefined
  }

  domainOf(name: string): string | undefined {
    return this.#domains.get(name)
  }
}

function machineFor(name: string, profile: string | undefined, facts: Facts): Machine {
  const [mac, ip, domain] = [facts.macOf(name), facts.addressOf(name), facts.domainOf(name)]
  return {
    name,
    macs: mac === undefined ? [] : [mac],
    ...(ip !== undefined && { ip }),
    hostname: name,
    ...(profile !== undefined && { profile }),
    groups: [],
    loader: 'auto',
    vars: domain === undefined ? {} : { domain },
    origin,
  }
}

function groupFor({ name, nodes, priority }: ClusterGroup, profile: string | undefined): Group {
  return { name, machines: nodes, priority, ...(profile !== undefined && { profile }), vars: {}, origin }
}

function profileFor(name: string, layout: string): Profile {
  return { kind: 'image', name, image: name, layout, args: '', transport: 'http', after: 'reboot', vars: {}, origin }
}

/** By a host's own script, else by its strongest group that has an image. */
function imageFor(host: string, { links, scripts }: OldSite, groupsOf: GroupsOf): string | undefined {
  const own = links.get(host)
  if (own !== undefined) return scripts.get(own)?.image ?? own
  return groupsOf.get(host)?.find(({ image }) => image !== undefined)?.image
}

function tellMachines(
  machines: readonly Machine[],
  imageOf: (host: string) => string | undefined,
  profileOf: (image: string) => string | undefined,
  todo: string[],
): void {
  const list = (chosen: readonly Machine[]): string => chosen.map(({ name }) => name).join(', ')
  const nameless = machines.filter(({ macs }) => macs.length === 0)
  if (nameless.length > 0)
    todo.push(
      `the MAC address of ${list(nameless)}: SystemImager knew them by address only; they stand as comments at the end of systemimager.yaml`,
    )
  const idle = machines.filter(({ name }) => profileOf(imageOf(name) ?? '') === undefined)
  if (idle.length > 0)
    todo.push(`the profile of ${list(idle)}: no image, or one whose disks are not known, belongs to them`)
}

function tellStrangers({ hosts }: OldSite, known: ReadonlySet<string>, left: LeftList): void {
  const strangers = [...hosts.keys()].filter((host) => !known.has(host))
  if (strangers.length === 0) return
  left.add(
    'scripts/hosts',
    `no script and no group names ${strangers.slice(0, 20).join(', ')}${strangers.length > 20 ? ` and ${strangers.length - 20} more` : ''}`,
  )
}
