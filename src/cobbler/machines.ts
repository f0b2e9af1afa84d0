import type { Machine, Profile, Vars } from '../config/site.ts'
import * as read from '../config/values.ts'
import { parseMac, readMac, type Mac } from '../net/mac.ts'
import type { LeftList } from '../takeover/told.ts'
import { compact } from '../config/shape.ts'
import type { Item } from './item.ts'
import type { Known } from './known.ts'
import type { Naming } from './naming.ts'
import { fieldOf, isPlain, type Card, type OldSite, type OldSystem } from './old-site.ts'
import { bootWords, liveDoubtOf } from './profiles.ts'
import { difference, isKey, varsOf } from './values.ts'

export interface MachineOptions {
  readonly site: OldSite
  readonly naming: Naming
  readonly known: Known
  /** By their old names, and with their variables. */
  readonly profiles: ReadonlyMap<string, Profile>
  readonly trees: ReadonlyMap<string, string | undefined>
  readonly ownAnswers: ReadonlyMap<OldSystem, string>
}

export interface NewMachines {
  readonly machines: readonly Machine[]
  /** Those that nothing tells from others: without a card they would boot as strangers. */
  readonly waiting: readonly Machine[]
  /** Names of those that Cobbler would have installed at their next boot. */
  readonly armed: readonly string[]
}

export function machinesOf(options: MachineOptions, left: LeftList): NewMachines {
  const taken = new Taken(left)
  const machines: Machine[] = []
  const armed: string[] = []
  for (const system of options.site.systems) {
    if (system.item.name === 'default') {
      left.add(
        system.item.file,
        'the system that stands for all unknown machines: strangers: in birnam.yaml says what they get',
      )
      continue
    }
    const machine = machineOf(system, options, taken, left)
    if (!machine) continue
    machines.push(machine)
    if (machine.profile !== undefined && system.item.isTrue('netboot_enabled')) armed.push(machine.name)
  }
  tellPower(options.site.systems, left)
  const isKnown = ({ macs, uuid, serial }: Machine): boolean =>
    macs.length > 0 || uuid !== undefined || serial !== undefined
  return { machines: machines.filter(isKnown), waiting: machines.filter((machine) => !isKnown(machine)), armed }
}

function machineOf(system: OldSystem, options: MachineOptions, taken: Taken, left: LeftList): Machine | undefined {
  const { item } = system
  const name = options.naming.of(item)
  if (name === undefined) return undefined
  const cards = system.cards.filter(({ fields }) => fields.get('interface_type') !== 'bmc')
  const profile = system.profile && options.profiles.get(system.profile.chain.item.name)
  tellUnbased(system, profile, left)
  const macs = macsOf(item, cards, taken, left)
  if (cards.length === 0 && macs.length === 0) left.add(item.file, 'has no interface: nothing tells it from others')
  const hostname = item.text('hostname')
  if (hostname !== undefined && !read.isHostname(hostname)) left.add(item.file, 'its hostname is none (RFC 1123)')
  const ip = addressOf(item, cards, 'ip_address', taken, left)
  const ip6 = addressOf(item, cards, 'ipv6_address', taken, left)
  return compact<Machine>({
    name,
    macs,
    ip,
    ip6,
    hostname: hostname !== undefined && read.isHostname(hostname) ? hostname : asHost(name),
    uuid: read.uuid.safeParse(item.text('uuid')).data,
    serial: read.serial.safeParse(item.text('serial_number') ?? item.text('serial')).data,
    profile: profile?.name,
    groups: [],
    loader: 'auto',
    vars: profile && system.profile ? machineVars(system, profile, options, left) : {},
    origin: { file: 'cobbler.yaml', line: 0 },
  })
}

function tellUnbased({ item, profile: old }: OldSystem, profile: Profile | undefined, left: LeftList): void {
  if (item.text('image') !== undefined)
    left.add(item.file, 'boots an image of Cobbler: images are not taken over, and it boots its disk')
  else if (old && !profile)
    left.add(item.file, `its profile ${old.chain.item.name} was not taken over: it boots its disk`)
  else if (!old && item.text('profile') === undefined) left.add(item.file, 'has no profile: it boots its disk')
}

function machineVars(system: OldSystem, profile: Profile, options: MachineOptions, left: LeftList): Vars {
  const { site, known, trees, ownAnswers } = options
  const old = system.profile!
  const own = difference(
    varsOf(old.meta, site.settings, system.item, left),
    varsOf(system.meta, site.settings, system.item, left),
  )
  const fields = [...known.used].filter(
    (key) =>
      !system.meta.has(key) && key !== 'interfaces' && !(key in profile.vars && system.item.get(key) === undefined),
  )
  const found = fields.flatMap((key) => {
    const value = fieldOf([...old.line, system.item], key, site.repos)
    return value === undefined || JSON.stringify(value) === JSON.stringify(profile.vars[key])
      ? []
      : [[key, value] as const]
  })
  const tree = trees.get(old.chain.item.name)
  const words = bootWords(system.options, tree).join(' ')
  const differs = words !== bootWords(old.options, tree).join(' ')
  const doubt = profile.kind === 'live' && differs ? liveDoubtOf(old, system.options) : undefined
  if (doubt !== undefined)
    left.add(system.item.file, `its kernel options are left out, and ${profile.name} boots: ${doubt}`)
  const boot = differs && doubt === undefined ? { boot_args: words } : {}
  const answer = ownAnswers.get(system)
  return {
    ...own,
    ...Object.fromEntries(found),
    ...boot,
    ...(answer !== undefined && { autoinstall: answer }),
    ...(known.used.has('interfaces') && system.cards.length > 0 && { interfaces: cardVars(system.cards) }),
  }
}

function cardVars(cards: readonly Card[]): Vars {
  return Object.fromEntries(
    cards
      .filter(({ name }) => isKey(name))
      .map(({ name, fields }) => [
        name,
        Object.fromEntries(
          [...fields].filter(([key, value]) => isPlain(value) && /^[A-Za-z_]\w*$/.test(key) && isKey(key)),
        ),
      ]),
  )
}

/** A system that is called by its MAC address needs no interface. */
function macsOf(item: Item, cards: readonly Card[], taken: Taken, left: LeftList): readonly Mac[] {
  const told = cards
    .map(({ fields }) => fields.get('mac_address'))
    .filter((mac): mac is string => typeof mac === 'string' && mac !== '')
  const list = told.length === 0 && readMac(item.name) !== undefined ? [item.name] : told
  return list.flatMap((text) => {
    const mac = read.mac.safeParse(text.trim()).data
    if (mac === undefined)
      left.add(
        item.file,
        text.trim() === 'random'
          ? 'a MAC address that is to be made up is none'
          : 'one of its MAC addresses is none of a card',
      )
    return mac !== undefined && taken.take(item, `the MAC address ${mac}`) ? [parseMac(mac)] : []
  })
}

function addressOf(
  item: Item,
  cards: readonly Card[],
  key: 'ip_address' | 'ipv6_address',
  taken: Taken,
  left: LeftList,
): string | undefined {
  const told = cards
    .map(({ fields }) => fields.get(key))
    .filter((ip): ip is string => typeof ip === 'string' && ip.trim() !== '')
  const named = key === 'ip_address' && told.length === 0 && /^\d+\.\d+\.\d+\.\d+$/.test(item.name) ? [item.name] : told
  const good = named.flatMap((text) => {
    const ip = (key === 'ip_address' ? read.host : read.host6).safeParse(text.trim()).data
    if (ip === undefined) left.add(item.file, `one of its addresses is none of a host`)
    return ip === undefined ? [] : [ip]
  })
  const [first, ...others] = good
  if (others.length > 0)
    left.add(item.file, `has ${good.length} addresses, and a machine gets one here: that of its first interface`)
  return first !== undefined && taken.take(item, `the address ${first}`) ? first : undefined
}

function asHost(name: string): string {
  return read.isHostname(name)
    ? name
    : name
        .replaceAll(/[^A-Za-z0-9-]+/g, '-')
        .replaceAll(/^-+|-+$/g, '')
        .slice(0, 63) || 'machine'
}

/** Only how many, never what: these are passwords. */
function tellPower(systems: readonly OldSystem[], left: LeftList): void {
  const named = systems.filter(
    ({ item }) => item.text('power_address') !== undefined || item.text('power_pass') !== undefined,
  )
  if (named.length === 0) return
  const names = named.slice(0, 5).map(({ item }) => item.name)
  const list = `${names.join(', ')}${named.length > 5 ? ` and ${named.length - 5} more` : ''}`
  left.add(
    'collections/systems',
    `power switches and their passwords are not taken over (${list}): use the tool that you have`,
  )
}

/** MAC and IP addresses belong to one machine each: the first one has it. */
class Taken {
  readonly #by = new Map<string, Item>()
  readonly #left: LeftList

  constructor(left: LeftList) {
    this.#left = left
  }

  take(item: Item, what: string): boolean {
    const other = this.#by.get(what)
    if (other === item) return false
    if (other) this.#left.add(item.file, `${what} is that of ${other.name}, in ${other.file}`)
    else this.#by.set(what, item)
    return other === undefined
  }
}
