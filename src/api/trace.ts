import type { Event, StoredEvent } from '../journal/journal.ts'

/** One boot retold: its events in order, and for a boot that stopped, which step did not come and why that usually is. */
export interface Trace {
  readonly machine: string
  readonly session?: string
  readonly startedAt?: number
  readonly events: readonly StoredEvent[]
  readonly ended: boolean
  readonly missing?: { readonly step: string; readonly cause: string }
}

interface Step {
  readonly step: string
  /** An event that shows that the step came. */
  readonly came: (event: Event) => boolean
  /** The usual reason that it did not. */
  readonly cause: string
}

const sent = (event: Event, stage: RegExp): boolean =>
  event.type === 'file.sent' && stage.test(String(event.detail?.['name']))

/** One boot in order; the first step without its event is where it stopped. */
const steps: readonly Step[] = [
  {
    step: 'DHCPREQUEST: the machine takes the offer',
    came: ({ type }) => type === 'dhcp.ack' || type === 'menu.given',
    cause:
      'another DHCP server was faster, or the offer did not reach the machine (VLAN, DHCP snooping on the switch, spanning tree)',
  },
  {
    step: 'the first loader',
    came: (event) => sent(event, /\.(0|efi|kpxe|c32)$/) || event.type === 'menu.given',
    cause:
      'UDP port 69 is blocked between machine and server, or the firmware could not run this loader (Secure Boot, wrong architecture)',
  },
  {
    step: 'the menu',
    came: ({ type }) => type === 'menu.given',
    cause:
      'the loader runs but reaches no server: a second network card, or a firewall that lets only the first packet of TFTP through',
  },
  {
    step: 'the kernel',
    came: (event) => event.type === 'file.sent' && event.detail?.['stage'] === 'kernel',
    cause: 'the kernel or initrd is not on the shelf (see file.missing above) or did not fit into memory',
  },
  {
    step: 'the answer',
    came: ({ type }) => type === 'answer.given' || type.startsWith('report.'),
    cause:
      'the started system has no driver for its network card, no address (spanning tree, second card), or could not reach the HTTP port',
  },
  {
    step: 'the report that it is done',
    came: ({ type }) => type === 'report.done',
    cause: 'the installer stopped with a question or an error on its console; see the last report above',
  },
]

/** `events` oldest first, of one session. `install`: whether the boot was to end with a report. */
export function retell(machine: string, events: readonly StoredEvent[]): Trace {
  const first = events[0]
  if (!first) return { machine, events, ended: false, missing: { step: 'DHCPDISCOVER', cause: neverSeen } }
  const expected = stepsFor(events)
  const missing = expected.find(({ came }) => !events.some((event) => came(event)))
  const told = missing && { missing: { step: missing.step, cause: missing.cause } }
  const session = first.session === undefined ? {} : { session: first.session }
  return { machine, ...session, startedAt: first.at, events, ended: !missing, ...told }
}

const neverSeen =
  'the machine is off, boots its disk first, has no link, or is on a network that this server does not listen on'

// A local boot ends with its menu; a live one with its kernel (or its answer, when it has one); an install with `done`.
function stepsFor(events: readonly StoredEvent[]): readonly Step[] {
  const plan = events.findLast(({ type }) => type === 'menu.given')?.detail?.['plan']
  if (plan === 'local' || plan === 'ignore') return steps.slice(0, 3)
  if (plan === 'live') return steps.slice(0, 4)
  return steps
}
