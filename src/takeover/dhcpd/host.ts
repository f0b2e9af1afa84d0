import type { Mac } from '../../net/mac.ts'
import { cardOf, type OldHost } from '../network/host.ts'
import type { Statement } from './file.ts'
import { settingNames, valuesOf, type Scope } from './scope.ts'
import { nameOf, reasonFor } from './reasons.ts'
import type { Often } from '../often.ts'

/** A `host` as it stands in the file. */
export interface DhcpdHost extends OldHost {
  /** A program made it by OMAPI: what is said of it later takes the place of this. */
  readonly dynamic: boolean
  /** It was taken away again. */
  readonly deleted: boolean
}

export function readHost({ words, block = [], file, line }: Statement, { groups }: Scope, often: Often): DhcpdHost {
  const own = new Map<string, Statement>()
  for (const statement of block) {
    const name = hostWords.get(setBy(statement))
    if (name === undefined) tellOther(statement, often)
    else {
      if (own.has(name)) often.add(statement, `a second ${name} of a host`, 'a host has one: the last counts')
      own.set(name, statement)
    }
  }
  const mac = own.get('hardware') && macOf(own.get('hardware')!, often)
  const addresses = valuesOf(own.get('fixed-address'), 'fixed-address').map(({ text }) => text)
  const hostname = own.get('host-name')?.words.at(-1)?.text
  return {
    name: words[1]?.text ?? '',
    macs: mac ? [mac] : [],
    addresses,
    ...(hostname !== undefined && { hostname }),
    groups,
    dynamic: own.has('dynamic'),
    deleted: own.has('deleted'),
    file,
    line,
  }
}

const hostWords: ReadonlyMap<string, string> = new Map([
  ['hardware', 'hardware'],
  ['fixed-address', 'fixed-address'],
  ['option host-name', 'host-name'],
  ['supersede host-name', 'host-name'],
  ['dynamic', 'dynamic'],
  ['deleted', 'deleted'],
])

/** `supersede host-name = "alder"` is how dhcpd writes an option of a host that a program made. */
function setBy(statement: Statement): string {
  const [first, second] = statement.words
  return first?.text.toLowerCase() === 'supersede' && second
    ? `supersede ${second.text.toLowerCase()}`
    : nameOf(statement)
}

/** Of hosts that a program made, the last word counts: dhcpd.leases is a log. */
export function latestOf(hosts: readonly DhcpdHost[]): readonly DhcpdHost[] {
  const last = new Map<string, DhcpdHost>()
  for (const host of hosts) if (host.dynamic) last.set(host.name, host)
  return hosts.filter((host) => !host.dynamic || (last.get(host.name) === host && !host.deleted))
}

function macOf(statement: Statement, often: Often): Mac | undefined {
  const [, type, text] = statement.words.map((word) => word.text)
  const mac = type?.toLowerCase() === 'ethernet' ? cardOf(text ?? '') : undefined
  if (mac !== undefined) return mac
  often.add(statement, 'hardware', 'it is not the MAC address of an Ethernet card')
  return undefined
}

function tellOther(statement: Statement, often: Often): void {
  const name = nameOf(statement)
  const ofSubnet = 'what a machine is told is that of its subnet here, not of one host'
  const why = settingNames.has(name) ? ofSubnet : reasonFor(statement)
  if (why !== undefined) often.add(statement, `${name} of a host`, why)
}
