import { readCidr, type OldHost, type OldSpot } from '../network/host.ts'
import type { OldRange, OldSubnet } from '../network/subnets.ts'
import { Often } from '../often.ts'
import { listOf, mapOf, textOf, type Json } from './json.ts'
import { readReservation } from './reservation.ts'
import { settingsIn, settingsOf, type Settings } from './settings.ts'
import { reasonFor } from './reasons.ts'
import { rangeOf } from './pools.ts'

export interface OldKea {
  readonly subnets: readonly OldSubnet[]
  readonly ranges: readonly OldRange[]
  readonly hosts: readonly OldHost[]
  readonly todo: readonly string[]
  readonly often: Often
}

/** Everything that means something here; the rest is told. */
export function readKea(whole: Json): OldKea {
  const walk = new Walk()
  for (const [key, value] of mapOf(whole))
    if (key === 'Dhcp4') walk.server(value)
    else walk.often.add(value, shown(key), key === 'Logging' ? 'Birnam logs its own way' : 'only Dhcp4 is read')
  return walk
}

type Level = 'server' | 'shared-network' | 'subnet' | 'pool'

class Walk implements OldKea {
  readonly subnets: OldSubnet[] = []
  readonly ranges: OldRange[] = []
  readonly hosts: OldHost[] = []
  readonly todo: string[] = []
  readonly often = new Often()

  server(json: Json): void {
    const settings = this.#enter(json, new Map(), 'server')
    for (const each of listOf(mapOf(json).get('subnet4'))) this.#subnet(each, settings)
    for (const each of listOf(mapOf(json).get('shared-networks'))) this.#shared(each, settings)
    this.#reservations(json)
    this.#classes(json)
    const database = mapOf(json).get('hosts-database') ?? mapOf(json).get('hosts-databases')
    if (database)
      this.todo.push(
        `reservations in a database (${database.file}:${database.line}): they stand in no file; write them as machines`,
      )
  }

  #shared(json: Json, outer: Settings): void {
    const settings = this.#enter(json, outer, 'shared-network')
    const before = this.subnets.length
    for (const each of listOf(mapOf(json).get('subnet4'))) this.#subnet(each, settings, json)
    const [first, ...others] = this.subnets.slice(before)
    const linked = first ? [first, ...others.map((each) => ({ ...each, with: first.cidr }))] : []
    this.subnets.splice(before, Infinity, ...linked)
  }

  #subnet(json: Json, outer: Settings, network?: Json): void {
    const settings = this.#enter(json, outer, 'subnet')
    const map = mapOf(json)
    const text = textOf(map.get('subnet'))
    const cidr = text === undefined ? undefined : readCidr(text)
    if (cidr) this.subnets.push({ cidr, settings: settingsOf(settings, this.often), statement: spot(json) })
    else this.often.add(map.get('subnet') ?? json, 'subnet', 'it is no network of IPv4, written like 10.77.0.0/24')
    const closed = classOf(map) ?? (network && classOf(mapOf(network)))
    for (const pool of listOf(map.get('pools'))) this.#pool(pool, closed)
    this.#reservations(json)
  }

  #pool(json: Json, outer: Json | undefined): void {
    this.#enter(json, new Map(), 'pool')
    const map = mapOf(json)
    const range = rangeOf(textOf(map.get('pool')) ?? '')
    const closed = classOf(map) ?? outer
    if (range) this.ranges.push({ ...range, statement: spot(json), ...(closed && { closed: spot(closed) }) })
    else this.often.add(json, 'pool', 'it is not understood')
  }

  #reservations(json: Json): void {
    for (const each of listOf(mapOf(json).get('reservations'))) this.hosts.push(readReservation(each, this.often))
  }

  #classes(json: Json): void {
    for (const each of listOf(mapOf(json).get('client-classes'))) this.often.add(each, 'client-classes', noClass)
  }

  /** What is set here over what is set around it; what nothing here does the same is told. */
  #enter(json: Json, outer: Settings, level: Level): Settings {
    for (const [key, value] of mapOf(json)) {
      const why = reasonFor(key, value, level)
      if (why !== undefined) this.often.add(value, `${shown(key)}${level === 'server' ? '' : ` of a ${level}`}`, why)
    }
    if (level === 'pool') return outer
    return settingsIn(json, outer, this.often)
  }
}

const noClass =
  'there are no classes here: what a machine boots is its profile, its loader follows from its architecture, and what it is told from its subnet'

/** Only those of a class may have an address of it. */
function classOf(map: ReadonlyMap<string, Json>): Json | undefined {
  const one = map.get('client-class') ?? map.get('client-classes')
  return one && (textOf(one) !== undefined || listOf(one).length > 0) ? one : undefined
}

function spot({ file, line }: Json): OldSpot {
  return { file, line }
}

/** Keys are no secrets, but a hostile file may have any. */
function shown(key: string): string {
  return /^[\w.-]{1,60}$/.test(key) ? key : 'something of an unknown kind'
}
