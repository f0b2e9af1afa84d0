import { isHostname } from '../../config/values.ts'
import type { Group, Machine, Origin, Site, Subnet } from '../../config/site.ts'
import { formatCidr } from '../../config/check-network.ts'
import { broadcastOf, contains, readIpv4 } from '../../net/ipv4.ts'
import { isHost, type OldHost } from './host.ts'
import { isName, type LeftList } from '../told.ts'

export interface DhcpdMachines {
  readonly machines: readonly Machine[]
  /** Those without a MAC address. */
  readonly waiting: readonly Machine[]
  readonly groups: readonly Group[]
  readonly todo: readonly string[]
}

const router = 'the router'

/** Hosts as machines: a name, a card and an address each belong to one of them, and to none that the site has already. */
export function machinesOf(
  hosts: readonly OldHost[],
  subnets: readonly Subnet[],
  site: Site | undefined,
  left: LeftList,
  file: string,
): DhcpdMachines {
  const roll = new Roll(subnets, site, left, file)
  for (const host of hosts) roll.add(host)
  const { machines, waiting, names } = roll
  const todo = [
    ...(names.length > 0
      ? [`ip: of ${listed(names)}: their fixed-address is a name, and names are not resolved here`]
      : []),
    ...(waiting.length > 0
      ? [`mac: of ${listed(waiting.map(({ name }) => name))}: they stand as comments at the end of ${file}`]
      : []),
    ...(machines.length > 0
      ? ['what the machines become: profile: of each, or of a group; until then they boot their disks']
      : []),
  ]
  const known = new Set(site?.groups.map(({ name }) => name))
  const groups = [...roll.groups]
    .filter(([name]) => !known.has(name))
    .map(([name, members]) => ({ name, machines: members, priority: 100, vars: {}, origin: { file, line: 0 } }))
  for (const name of roll.groups.keys())
    if (known.has(name))
      todo.push(`machines: of the group ${name}, which was there already: ${listed(roll.groups.get(name)!)}`)
  return { machines, waiting, groups, todo }
}

function listed(names: readonly string[]): string {
  return names.slice(0, 20).join(', ') + (names.length > 20 ? ` and ${names.length - 20} more` : '')
}

class Roll {
  readonly machines: Machine[] = []
  readonly waiting: Machine[] = []
  readonly groups = new Map<string, string[]>()
  /** Whose address is a name. */
  readonly names: string[] = []
  readonly #subnets: readonly Subnet[]
  readonly #left: LeftList
  readonly #origin: Origin
  /** Names, cards and addresses that are taken: by whom, and where. */
  readonly #owners = new Map<string, string>()

  constructor(subnets: readonly Subnet[], site: Site | undefined, left: LeftList, file: string) {
    this.#origin = { file, line: 0 }
    this.#subnets = subnets
    this.#left = left
    for (const { name, macs, ip, origin: where } of site?.machines ?? []) {
      const whose = `${name} (${where.file}:${where.line})`
      for (const value of [`name ${name}`, ...macs, ...(ip === undefined ? [] : [ip])]) this.#owners.set(value, whose)
    }
    for (const { router: address } of subnets) if (address !== undefined) this.#owners.set(address, router)
  }

  add(host: OldHost): void {
    const name = this.#nameOf(host)
    if (name === undefined || !this.#isNew(host, name)) return
    const ip = this.#addressOf(host, name)
    const whose = `${name} (${host.file}:${host.line})`
    for (const value of [`name ${name}`, ...host.macs, ip]) if (value !== undefined) this.#owners.set(value, whose)
    const machine: Machine = {
      name,
      macs: [...new Set(host.macs)],
      ...(ip !== undefined && { ip }),
      hostname: this.#hostnameOf(host, name),
      groups: [],
      loader: 'auto',
      vars: {},
      origin: this.#origin,
    }
    if (host.macs.length === 0) return void this.waiting.push(machine)
    this.machines.push(machine)
    for (const group of new Set(host.groups)) {
      const members = this.groups.get(group) ?? []
      members.push(name)
      this.groups.set(group, members)
    }
  }

  #tell({ file, line }: OldHost, why: string): void {
    this.#left.add(file, why, line)
  }

  #nameOf(host: OldHost): string | undefined {
    if (isName(host.name)) return host.name
    const name = host.name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[._-]+/, '')
    this.#tell(
      host,
      isName(name)
        ? `a host whose name is none that a machine can have: it is called ${name} here`
        : 'a host without a name that a machine could have',
    )
    return isName(name) ? name : undefined
  }

  #isNew(host: OldHost, name: string): boolean {
    const card = host.macs.find((mac) => this.#owners.has(mac))
    const [byName, byCard] = [this.#owners.get(`name ${name}`), card && this.#owners.get(card)]
    const address =
      host.addresses.length > 0 ? `, and the address ${host.addresses.join(', ').slice(0, 200)} is not taken` : ''
    if (byCard !== undefined)
      this.#tell(
        host,
        `host ${name} has the card ${card} of ${byCard}: one card is one machine with one address here${address}`,
      )
    else if (byName !== undefined) this.#tell(host, `a second host ${name}: the name belongs to ${byName}`)
    return byCard === undefined && byName === undefined
  }

  /** One of them, that a machine can have and nobody else has. */
  #addressOf(host: OldHost, name: string): string | undefined {
    const { addresses } = host
    if (addresses.length === 0) return undefined
    const numbers = addresses.filter((text) => readIpv4(text) !== undefined)
    if (numbers.length === 0) {
      this.names.push(name)
      this.#tell(
        host,
        `fixed-address of ${name} is the name ${addresses[0]!.slice(0, 100)}, which DNS would have to resolve: add its ip:`,
      )
      return undefined
    }
    const within = numbers.find((text) => this.#subnets.some(({ cidr }) => contains(cidr, readIpv4(text)!)))
    const chosen = within ?? numbers[0]!
    if (addresses.length > 1)
      this.#tell(host, `host ${name} has ${addresses.length} addresses: a machine has one here, and ${chosen} is taken`)
    const why = this.#refusal(chosen)
    if (why === undefined) return chosen
    this.#tell(host, `the address ${chosen} of ${name} ${why}`)
    return undefined
  }

  #refusal(address: string): string | undefined {
    const value = readIpv4(address)!
    const owner = this.#owners.get(address)
    if (owner !== undefined)
      return `belongs to ${owner}${owner === router ? '' : ': of one computer with two cards, give that machine both under mac:'}`
    if (!isHost(address)) return 'is none that a host can have'
    const home = this.#subnets.find(({ cidr }) => contains(cidr, value))?.cidr
    const edge = home && home.bits < 31 && (value === home.network || value === broadcastOf(home))
    return edge ? `is the network or the broadcast address of ${formatCidr(home)}` : undefined
  }

  #hostnameOf(host: OldHost, name: string): string {
    if (host.hostname !== undefined && isHostname(host.hostname)) return host.hostname
    if (host.hostname !== undefined) this.#tell(host, `option host-name of ${name} is no host name (RFC 1123)`)
    if (isHostname(name)) return name
    const made = name
      .replaceAll(/[^A-Za-z0-9.-]+/g, '-')
      .replaceAll(/[.-]*\.[.-]*/g, '.')
      .replace(/[.-]+$/, '')
    return isHostname(made) ? made : 'unnamed'
  }
}
