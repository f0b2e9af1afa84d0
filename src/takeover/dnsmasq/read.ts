import type { Subnet } from '../../config/site.ts'
import { formatCidr } from '../../config/check-network.ts'
import { isHostname } from '../../config/values.ts'
import { isHost, type OldHost } from '../network/host.ts'
import type { OldRange, OldSubnet } from '../network/subnets.ts'
import type { Often } from '../often.ts'
import { readDhcpHost } from './hosts.ts'
import type { Setting } from './lines.ts'
import { readDhcpRange, type DhcpRange } from './ranges.ts'
import { reasonFor } from './reasons.ts'

export interface OldDnsmasq {
  readonly subnets: readonly OldSubnet[]
  readonly ranges: readonly OldRange[]
  readonly hosts: readonly OldHost[]
  readonly todo: readonly string[]
}

/** Ranges with what they are told, and hosts; everything else is told. */
export function readDnsmasq(settings: readonly Setting[], often: Often): OldDnsmasq {
  const of = (keyword: string): readonly Setting[] => settings.filter((setting) => setting.keyword === keyword)
  const ranges = of('dhcp-range').flatMap((setting) => readDhcpRange(setting, often) ?? [])
  const hosts = of('dhcp-host').flatMap((setting) => readDhcpHost(setting, often) ?? [])
  const options = of('dhcp-option').flatMap((setting) => readOption(setting, often) ?? [])
  for (const option of options)
    if (option.tag !== undefined && !ranges.some(({ sets }) => sets.includes(option.tag!)))
      often.add(
        option.setting,
        'dhcp-option with tag:',
        'there are no tags here: what a machine is told is that of its subnet',
      )
  const domains = of('domain').filter(({ values: [name = ''] }) => isHostname(name))
  for (const setting of settings) if (!taken.has(setting.keyword)) tell(setting, often)
  return { ...networksOf(ranges, options, domains[0]?.values[0]), hosts, todo: todoOf(ranges, options) }
}

const taken: ReadonlySet<string> = new Set(['dhcp-range', 'dhcp-host', 'dhcp-option'])

function tell(setting: Setting, often: Often): void {
  const why = reasonFor(setting.keyword)
  const known = /^[a-z][a-z0-9-]{0,40}$/.test(setting.keyword)
  if (why !== undefined) often.add(setting, known ? setting.keyword : 'something of an unknown kind', why)
}

/** Several ranges of one network are one subnet. */
function networksOf(
  ranges: readonly DhcpRange[],
  options: readonly Option[],
  domain: string | undefined,
): Pick<OldDnsmasq, 'subnets' | 'ranges'> {
  const subnets = new Map<string, OldSubnet>()
  const found: OldRange[] = []
  for (const range of ranges) {
    const { cidr, setting, tags } = range
    const key = formatCidr(cidr)
    if (!subnets.has(key)) subnets.set(key, { cidr, settings: settingsOf(range, options, domain), statement: setting })
    if (!range.isFixed)
      found.push({ from: range.from, to: range.to, statement: setting, ...(tags.length > 0 && { closed: setting }) })
  }
  return { subnets: [...subnets.values()], ranges: found }
}

interface Option {
  readonly name: 'router' | 'dns' | 'ntp' | 'domain'
  readonly values: readonly string[]
  readonly tag?: string
  readonly setting: Setting
}

const known: ReadonlyMap<string, Option['name']> = new Map([
  ...(['3', 'option:router'] as const).map((name) => [name, 'router'] as const),
  ...(['6', 'option:dns-server'] as const).map((name) => [name, 'dns'] as const),
  ...(['42', 'option:ntp-server'] as const).map((name) => [name, 'ntp'] as const),
  ...(['15', 'option:domain-name'] as const).map((name) => [name, 'domain'] as const),
])

/** `dhcp-option=[tag:x,]3,10.77.0.1`, `dhcp-option=option:router,10.77.0.1`. */
function readOption(setting: Setting, often: Often): Option | undefined {
  const tags = setting.values.flatMap((value) => /^(?:tag|net):(.+)$/.exec(value)?.[1] ?? [])
  const [code = '', ...values] = setting.values.filter((value) => !/^(?:tag|net):/.test(value))
  const name = known.get(code)
  const shown = /^(?:option6?:)?[\w-]{1,40}$/.test(code) ? code : 'of an unknown kind'
  if (name === undefined || tags.length > 1) {
    often.add(
      setting,
      `dhcp-option ${shown}`,
      name === undefined ? 'it is not taken: write it under options:' : 'it has more tags than one',
    )
    return undefined
  }
  const wrong =
    name === 'domain' ? values.filter((value) => !isHostname(value)) : values.filter((value) => !isHost(value))
  if (wrong.length > 0)
    often.add(setting, `dhcp-option ${shown}`, 'something in it is no address of a host, or no domain: add it')
  if (name === 'router' && values.length > 1)
    often.add(setting, `dhcp-option ${shown}`, 'a subnet has one router here: the first is taken')
  return { name, values, ...(tags[0] !== undefined && { tag: tags[0] }), setting }
}

function settingsOf(
  { sets, lease }: DhcpRange,
  options: readonly Option[],
  domain: string | undefined,
): Pick<Subnet, 'router' | 'dns' | 'ntp' | 'domain' | 'lease'> {
  const list = (name: Option['name']): readonly string[] => {
    const mine = options.filter((option) => option.name === name)
    const chosen =
      mine.findLast(({ tag }) => tag !== undefined && sets.includes(tag)) ??
      mine.findLast(({ tag }) => tag === undefined)
    return chosen?.values ?? []
  }
  const hosts = (name: Option['name']): readonly string[] => list(name).filter(isHost)
  const [router] = hosts('router')
  const named = list('domain').find(isHostname) ?? domain
  return {
    ...(router !== undefined && { router }),
    dns: hosts('dns'),
    ntp: hosts('ntp'),
    ...(named !== undefined && { domain: named }),
    lease,
  }
}

function todoOf(ranges: readonly DhcpRange[], options: readonly Option[]): readonly string[] {
  const has = (name: Option['name']): boolean => options.some((option) => option.name === name)
  const own = (['router', 'dns'] as const).filter((name) => !has(name))
  const guessed = new Set(ranges.filter((range) => range.guessed).map(({ cidr }) => formatCidr(cidr)))
  return [
    ...[...guessed].map(
      (cidr) => `cidr: of ${cidr}: its dhcp-range says no netmask, and a network of 256 addresses was taken`,
    ),
    ...(ranges.length > 0 && own.length > 0
      ? [`${own.map((name) => `${name}:`).join(' and ')} of the subnets: where nothing is said dnsmasq names itself`]
      : []),
  ]
}
