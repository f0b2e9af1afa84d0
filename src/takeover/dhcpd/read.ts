import type { Subnet } from '../../config/site.ts'
import { isName, type LeftList } from '../told.ts'
import type { Statement } from './file.ts'
import { latestOf, readHost, type DhcpdHost } from './host.ts'
import { permitOf, settingNames, settingsOf, type Scope } from './scope.ts'
import { finishSubnets, type OldRange, type OldSubnet } from '../network/subnets.ts'
import { readRange, readSubnet } from './subnet.ts'
import { nameOf, reasonFor } from './reasons.ts'
import { Often } from '../often.ts'

/** What a dhcpd.conf says, as far as it means something here. */
export interface OldDhcpd {
  readonly subnets: readonly Subnet[]
  readonly hosts: readonly DhcpdHost[]
  /** It is a dhcpd.leases, the log of a running dhcpd. */
  readonly isLog: boolean
  /** Sentences: what only a person can decide. */
  readonly todo: readonly string[]
}

/** Subnets with what holds in them, and hosts, wherever they stand; everything else is told. */
export function readDhcpd(statements: readonly Statement[], left: LeftList): OldDhcpd {
  const walk = new Walk()
  walk.into(statements, { settings: new Map(), groups: [] }, 'global')
  const { subnets, todo } = finishSubnets(walk.subnets, walk.ranges, walk.often)
  walk.often.tell(left)
  return { subnets, hosts: latestOf(walk.hosts), isLog: walk.isLog, todo: [...walk.todo, ...todo] }
}

type Kind = 'global' | 'shared-network' | 'subnet' | 'group' | 'pool'

class Walk {
  readonly subnets: OldSubnet[] = []
  readonly ranges: OldRange[] = []
  readonly hosts: DhcpdHost[] = []
  readonly often = new Often()
  readonly todo: string[] = []
  isLog = false

  /** What is set in a block holds for all of it, above and below. */
  into(block: readonly Statement[], outer: Scope, kind: Kind): Scope {
    const scope = this.#scopeOf(block, outer, kind)
    for (const statement of block) if (!isSetting(statement, kind)) this.#one(statement, scope)
    return scope
  }

  #scopeOf(block: readonly Statement[], outer: Scope, kind: Kind): Scope {
    const settings = new Map(outer.settings)
    for (const statement of block) if (isSetting(statement, kind)) settings.set(nameOf(statement), statement)
    const permits = block.flatMap((statement) => permitOf(statement) ?? [])
    const shut = block.find((statement) => permitOf(statement) === 'closed')
    const closed = permits.includes('open') ? undefined : (shut ?? outer.closed)
    return { settings, groups: outer.groups, ...(closed && { closed }) }
  }

  #one(statement: Statement, scope: Scope): void {
    const { block } = statement
    const name = nameOf(statement)
    if (name === 'host' && block) return void this.hosts.push(readHost(statement, scope, this.often))
    if (name === 'subnet' && block) return this.#subnet(statement, block, scope)
    if (name === 'shared-network' && block) return this.#shared(block, scope)
    if (name === 'group' && block) return this.#group(statement, block, scope)
    if (name === 'pool' && block) return void this.into(block, scope, 'pool')
    if (name === 'range') return this.#range(statement, scope)
    if (permitOf(statement) !== undefined) return
    if (name === 'omapi-port') this.todo.push(ofOmapi)
    if (name === 'lease' || name === 'authoring-byte-order') this.isLog = true
    const why = settingNames.has(name) ? ofPool : reasonFor(statement)
    if (why !== undefined) this.often.add(statement, name, why)
  }

  #subnet(statement: Statement, block: readonly Statement[], outer: Scope): void {
    const subnet = readSubnet(statement)
    const scope = this.into(block, outer, 'subnet')
    this.subnets.push({ ...subnet, settings: settingsOf(scope, this.often), statement })
  }

  /** Its subnets are on one link. */
  #shared(block: readonly Statement[], scope: Scope): void {
    const before = this.subnets.length
    this.into(block, scope, 'shared-network')
    const [first, ...others] = this.subnets.slice(before)
    this.subnets.splice(
      before,
      Infinity,
      ...(first ? [first, ...others.map((each) => ({ ...each, with: first.cidr }))] : []),
    )
  }

  #group(statement: Statement, block: readonly Statement[], scope: Scope): void {
    const name = statement.words[1]?.text
    const groups = name !== undefined && isName(name) ? [...scope.groups, name] : scope.groups
    if (holdsHost(block))
      for (const each of block)
        if (settingNames.has(nameOf(each))) this.often.add(each, `${nameOf(each)} of a group`, ofGroup)
    this.into(block, { ...scope, groups }, 'group')
  }

  #range(statement: Statement, { closed }: Scope): void {
    const range = readRange(statement)
    if (range) this.ranges.push({ ...range, statement, ...(closed && { closed }) })
    else this.often.add(statement, 'range', 'it is not understood')
  }
}

const ofOmapi =
  'hosts that a program made (omapi-port): they stand in dhcpd.leases alone, /var/lib/dhcp/dhcpd.leases for instance: birnam import dhcpd that file, too'
const ofGroup = 'what a machine is told is that of its subnet here, not of its group'
const ofPool = 'a pool has no settings of its own here: those of its subnet hold'

/** A host in it, or in a group in it. */
function holdsHost(block: readonly Statement[]): boolean {
  return block.some((each) => nameOf(each) === 'host' || (nameOf(each) === 'group' && holdsHost(each.block ?? [])))
}

/** A pool has no settings of its own here. */
function isSetting(statement: Statement, kind: Kind): boolean {
  return kind !== 'pool' && settingNames.has(nameOf(statement))
}
