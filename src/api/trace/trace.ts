import type { StoredEvent } from '../../journal/journal.ts'
import type { NearCard, UnknownMachine } from '../../files/unknown-machines.ts'
import { lastTry } from './boot-of.ts'
import { evidenceFor } from './evidence.ts'
import { digitsText, nothingKnown, whyOf, type Events, type Facts, type Known } from './facts.ts'
import { goingOn } from './going.ts'
import { notesOn } from './notes.ts'
import { missingStep, never, reportStep, usualCause, type Step } from './steps.ts'

/** One boot retold: its events in order; for one that stopped, which step did not come and why; for one under way, what it does. */
export interface Trace {
  readonly machine: string
  readonly session?: string
  readonly startedAt?: number
  readonly events: readonly StoredEvent[]
  readonly ended: boolean
  /** What it is about, while nothing says that it has stopped. */
  readonly going?: string
  readonly missing?: Stop
  /** What a person should know besides. */
  readonly notes: readonly string[]
}

interface Stop {
  readonly step: string
  readonly cause: string
  /** No event and no fact names the cause: that is what it usually is. */
  readonly usual?: true
}

/** `events` oldest first, of one boot: see `bootOf`. Without one, what else is known of the machine. */
export function retell(machine: string, events: Events, known: Known = nothingKnown): Trace {
  const first = events.find(({ session }) => session !== undefined)
  const facts = { ...known, events }
  if (!first) return { machine, events, ended: false, ...unbooted(facts), notes: notesOn(facts, false) }
  const own = events.filter(({ session }) => session !== undefined)
  const verdict = verdictOn({ ...known, events: lastTry(own) })
  const ended = verdict === undefined
  const notes = notesOn(facts, ended)
  return { machine, session: first.session!, startedAt: first.at, events, ended, ...verdict, notes }
}

/** What a machine did that nobody named; nothing is judged, since nothing is promised to it. */
export function retellUnknown({ mac, since, events }: UnknownMachine, near: NearCard | undefined): Trace {
  const like =
    near &&
    `; ${near.mac} of ${near.machine} differs in ${digitsText(near.digits)}: is one of the two a slip of the pen?`
  const nobody = `No machine of the site has the card ${mac}, so nothing was promised to it${like ?? ': write it under machines: in a YAML file of the site'}`
  return { machine: mac, startedAt: events[0]?.at ?? since, events, ended: false, notes: [nobody] }
}

/** A machine of which no boot is known: its messages may have been thrown away. */
function unbooted(facts: Facts): Pick<Trace, 'missing'> {
  const heard = facts.events.findLastIndex(({ type }) =>
    /^dhcp6?\.(discover|solicit|dropped|other-server|silent)$/.test(type),
  )
  if (heard < 0) return { missing: { ...never, usual: true } }
  return { missing: stopAt(missingStep(facts.events)!, facts) }
}

type Verdict = Pick<Trace, 'going' | 'missing'>

function verdictOn(facts: Facts): Verdict | undefined {
  const failed = failureOf(facts.events)
  if (failed !== undefined) return { missing: { step: reportStep().step, cause: failed } }
  const step = missingStep(facts.events)
  if (!step) return undefined
  const going = goingOn(step, facts)
  const cause = evidenceFor(step.name, facts)
  if (cause !== undefined && going?.kind !== 'fetching') return { missing: { step: step.step, cause } }
  return going ? { going: going.text } : { missing: stopAt(step, facts) }
}

function stopAt(step: Step, facts: Facts): Stop {
  const cause = evidenceFor(step.name, facts)
  return cause === undefined
    ? { step: step.step, cause: usualCause(step, facts), usual: true }
    : { step: step.step, cause }
}

function failureOf(events: Events): string | undefined {
  const failure = events.findLast(({ type }) => /^(report\.(done|failed)|install\.failed)$/.test(type))
  if (failure?.type === 'report.failed') return `it reported: ${whyOf(failure)}`
  return failure?.type === 'install.failed' ? whyOf(failure) : undefined
}
