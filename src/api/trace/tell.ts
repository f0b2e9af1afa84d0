import { Fault } from '../../fault.ts'
import type { House } from '../../files/house.ts'
import { nearCard } from '../../files/unknown-machines.ts'
import { bootOf, startOf } from './boot-of.ts'
import type { Events } from './facts.ts'
import { knownOf, type Witness } from './known.ts'
import { retell, retellUnknown, type Trace } from './trace.ts'
import { tracedAs, type Traced } from './traced.ts'

const mostEvents = 5000

/** The newest boot of what is asked for, or the one that is named. Throws Fault `machine-unknown` or `request-invalid`. */
export function tell(witness: Witness, text: string, asked: string | undefined): Trace {
  const { house } = witness
  const traced = tracedAs(house, text)
  const last = newestSession(house, traced)
  const session = asked ?? last
  const known = knownOf(witness, traced, session)
  if (traced.unknown) return retellUnknown(traced.unknown, nearCard(traced.unknown.mac, house.registry.site.machines))
  if (session === undefined) return retell(traced.name, house.journal.ofMachine(traced.name, 100).toReversed(), known)
  const since = eventsSince(house, traced, session)
  const events = bootOf(session, since)
  if (events.length === 0) throw noBoot(traced.name, session, last)
  return retell(traced.name, events, { ...known, later: since })
}

/** By its name, and by its cards: it may have been called otherwise. */
function newestSession({ journal }: House, { name, macs }: Traced): string | undefined {
  const all = [journal.lastSession(name), ...macs.map((mac) => journal.lastSessionOf(mac))]
  return all.filter((one) => one !== undefined).toSorted((one, other) => startOf(other) - startOf(one))[0]
}

function eventsSince({ journal }: House, { name, macs }: Traced, session: string): Events {
  const own = journal.ofSession(session)
  // A session of another machine is none of its boots.
  const isOwn = own.some(
    ({ machine, mac }) => machine === name || (mac !== undefined && macs.some((one) => one === mac)),
  )
  if (!isOwn) return []
  const names = new Set([name, ...own.flatMap(({ machine }) => machine ?? [])])
  const first = own[0]!.id
  const later = journal.ofMachine(name, 500).filter(({ id }) => id >= first)
  const all = [...own, ...[...names].flatMap((each) => journal.since(each, session, mostEvents)), ...later]
  return [...new Map(all.map((event) => [event.id, event])).values()].toSorted((one, other) => one.id - other.id)
}

function noBoot(machine: string, session: string, last: string | undefined): Fault {
  const hint = last === undefined ? 'it never booted from here' : `its last boot is ${last}`
  return new Fault('request-invalid', `${machine} has no boot session ${session}`, { field: 'session', hint })
}
