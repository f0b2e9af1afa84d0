import { isHostname } from '../../config/values.ts'
import type { Subnet } from '../../config/site.ts'
import type { Ipv4 } from '../../net/ipv4.ts'
import { isHost } from '../network/host.ts'
import type { Statement } from './file.ts'
import type { Word } from './words.ts'
import type { Often } from '../often.ts'

/** What holds within a block: its own settings over those around it. */
export interface Scope {
  readonly settings: ReadonlyMap<string, Statement>
  /** What keeps unknown machines out of its ranges. */
  readonly closed?: Statement
  /** The named groups around it. */
  readonly groups: readonly string[]
}

/** Settings of subnets that mean the same here. */
export const settingNames: ReadonlySet<string> = new Set([
  'option routers',
  'option domain-name-servers',
  'option ntp-servers',
  'option domain-name',
  'default-lease-time',
])

/** What a name server, a router and the like are for a subnet; what is no address is told. */
export function settingsOf(
  { settings }: Scope,
  often: Often,
): Pick<Subnet, 'router' | 'dns' | 'ntp' | 'domain' | 'lease'> {
  const list = (name: string): readonly Ipv4[] => addressesOf(settings.get(name), name, often)
  const [router, ...others] = list('option routers')
  const routers = settings.get('option routers')
  if (others.length > 0 && routers)
    often.add(routers, 'option routers', 'a subnet has one router here: the first is taken')
  const domain = domainOf(settings.get('option domain-name'), often)
  return {
    ...(router !== undefined && { router }),
    dns: list('option domain-name-servers'),
    ntp: list('option ntp-servers'),
    ...(domain !== undefined && { domain }),
    lease: leaseOf(settings.get('default-lease-time'), often),
  }
}

/** The words behind the name, without commas. */
export function valuesOf(statement: Statement | undefined, name: string): readonly Word[] {
  return (statement?.words ?? [])
    .slice(name.startsWith('option ') ? 2 : 1)
    .filter(({ text, quoted }) => quoted || text !== ',')
}

function addressesOf(statement: Statement | undefined, name: string, often: Often): readonly Ipv4[] {
  return valuesOf(statement, name).flatMap(({ text }) => {
    if (isHost(text)) return [text]
    often.add(
      statement!,
      name,
      'something in it is no IPv4 address of a host, and names are not resolved: add the address',
    )
    return []
  })
}

function domainOf(statement: Statement | undefined, often: Often): string | undefined {
  const text = valuesOf(statement, 'option domain-name')[0]?.text.replace(/\.$/, '')
  if (text === undefined || isHostname(text)) return text
  often.add(statement!, 'option domain-name', 'one domain is taken, written as RFC 1123 has it')
  return undefined
}

/** dhcpd.conf(5): 43200 where nothing is said. */
const usual = 43_200

function leaseOf(statement: Statement | undefined, often: Often): number {
  if (!statement) return usual
  const text = statement.words[1]?.text ?? ''
  const seconds = /^\d{1,10}$/.test(text) ? Number(text) : undefined
  if (seconds !== undefined && seconds >= 60 && seconds < 0xffff_ffff) return seconds
  const infinite = seconds === 0xffff_ffff || text === 'infinite'
  const lease = infinite ? 0xffff_fffe : seconds === undefined || seconds > 60 ? usual : 60
  often.add(
    statement,
    'default-lease-time',
    `a lease lasts a minute at least and ends some day: ${lease} seconds are taken`,
  )
  return lease
}

/** Whether `allow …`, `deny …` keep unknown machines out (`closed`) or let them in (`open`); undefined: it is about something else. */
export function permitOf({ words }: Statement): 'open' | 'closed' | undefined {
  const [verb = '', ...rest] = words.map(({ text }) => text.toLowerCase())
  if (verb !== 'allow' && verb !== 'deny' && verb !== 'ignore') return undefined
  const whom = rest
    .join(' ')
    .replace(/-?clients?$/, '')
    .trim()
  if (whom === 'unknown' || whom === 'all' || whom === 'any') return verb === 'allow' ? 'open' : 'closed'
  if (whom === 'known') return verb === 'allow' ? 'closed' : 'open'
  return verb === 'allow' && /^(?:members of|authenticated)/.test(whom) ? 'closed' : undefined
}
