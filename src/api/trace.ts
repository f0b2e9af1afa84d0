import type { Event, StoredEvent } from '../journal/journal.ts'
import { bringsLoader, packageOf } from '../files/loaders.ts'

/** One boot retold: its events in order, and for a boot that stopped, which step did not come and why that usually is. */
export interface Trace {
  readonly machine: string
  readonly session?: string
  readonly startedAt?: number
  readonly events: readonly StoredEvent[]
  readonly ended: boolean
  readonly missing?: { readonly step: string; readonly cause: string }
}

/** A step of a boot, and the usual reason that it does not come. */
interface Stop {
  readonly step: string
  readonly cause: string
}

type Events = readonly StoredEvent[]

interface Step extends Stop {
  /** Whether an event shows that the step came. */
  readonly came: (events: Events) => boolean
  /** The reason, when an event names it. */
  readonly said?: (events: Events) => string | undefined
}

/** `events` oldest first, of one boot: see `bootOf`. Without one, what else is known of the machine. */
export function retell(machine: string, events: Events): Trace {
  const first = events.find(({ session }) => session !== undefined)
  if (!first) return { machine, events, ended: false, missing: never }
  const own = events.filter(({ session }) => session !== undefined)
  const missing = stopOf(own)
  const told = missing && { missing }
  return { machine, session: first.session!, startedAt: first.at, events, ended: !missing, ...told }
}

/**
 * The events of one boot out of all of its machine's since then: its own, and up to the next boot those without a session, a refusal
 * for instance. Leases that the running system renews are no part of it.
 */
export function bootOf(session: string, events: Events): Events {
  const first = events.findIndex((event) => event.session === session)
  if (first < 0) return []
  const since = events.slice(first)
  const next = since.findIndex((event) => event.session !== undefined && startOf(event.session) > startOf(session))
  const during = next < 0 ? since : since.slice(0, next)
  const later = next < 0 ? [] : since.slice(next)
  return [
    ...during.filter(
      (event) => event.session === session || (event.session === undefined && !renewal.test(event.type)),
    ),
    ...later.filter((event) => event.session === session),
  ]
}

const renewal = /^(?:dhcp\.(discover|offer|request|ack|inform|release|silent)|dhcp6\.(?!dropped|other))/

/** The id of a session holds when it began. */
function startOf(session: string): number {
  return Number.parseInt(session.split('-')[1] ?? '', 36)
}

function stopOf(events: Events): Stop | undefined {
  const failure = events.findLast(({ type }) => /^(report\.(done|failed)|install\.failed)$/.test(type))
  if (failure?.type === 'report.failed') return { step: steps.report.step, cause: `it reported: ${whyOf(failure)}` }
  if (failure?.type === 'install.failed') return { step: steps.report.step, cause: whyOf(failure) }
  const missing = stepsFor(events).find(({ came }) => !came(events))
  return missing && { step: missing.step, cause: missing.said?.(events) ?? missing.cause }
}

const never: Stop = {
  step: 'DHCPDISCOVER',
  cause:
    'the machine is off, boots its disk first, has no link, or is on a network that this server does not listen on',
}

const menuGiven = ({ type }: Event): boolean => type === 'menu.given'

/** One boot in order; the first step that did not come is where it stopped. */
const steps = {
  address: {
    step: 'DHCPREQUEST: the machine takes the offer',
    cause:
      'another DHCP server was faster, or the offer did not reach the machine (VLAN, DHCP snooping on the switch, spanning tree)',
    came: (events) => events.some((event) => hasAddress(event) || wasSent(event) || menuGiven(event)),
    said: (events) =>
      say(events, {
        'dhcp.other-server': otherServer,
        'dhcp6.other-server': () => 'another DHCPv6 server gives addresses on this network',
        'dhcp.proxy-offer': () =>
          'it was told of its file beside the other DHCP server and did not come for it: that server gave it no address, or named a file of its own',
        'dhcp.full': () => 'its subnet has no free address left',
      }),
  },
  loader: {
    step: 'the first loader',
    cause:
      'UDP port 69 is blocked between machine and server, or the firmware could not run this loader (Secure Boot, wrong architecture)',
    came: (events) => events.some((event) => wasSent(event) || menuGiven(event)),
    said: (events) => say(events, { ...brokenOff, 'file.missing': loaderMissing, 'https.failed': whyOf }),
  },
  menu: {
    step: 'the menu',
    cause:
      'the loader runs but reaches no server: a second network card, or a firewall that lets only the first packet of TFTP through',
    came: (events) => events.some(menuGiven),
    said: (events) =>
      say(events, { ...brokenOff, 'file.missing': loaderMissing, 'menu.failed': whyOf }) ?? refusedLoader(events),
  },
  kernel: {
    step: 'the kernel',
    cause: 'the kernel is not on the shelf (see file.missing above) or did not fit into memory',
    came: (events) => bootFiles(events) >= 1 || afterwards(events),
    said: (events) =>
      say(sinceMenu(events), { ...brokenOff, 'file.missing': (event) => `${nameOf(event)} is not there` }),
  },
  initrd: {
    step: 'the initrd',
    cause: 'the initrd is not on the shelf (see file.missing above) or did not fit into memory',
    came: (events) => bootFiles(events) >= Number(menuOf(events)?.detail?.['files'] ?? 1) || afterwards(events),
    said: (events) =>
      say(sinceMenu(events), { ...brokenOff, 'file.missing': (event) => `${nameOf(event)} is not there` }) ??
      refusedKernel(events),
  },
  answer: {
    step: 'the answer',
    cause:
      'the started system has no driver for its network card, no address (spanning tree, second card), or could not reach the HTTP port',
    came: afterwards,
    said: (events) => say(events, { 'answer.failed': whyOf, 'answer.refused': whyOf }),
  },
  script: {
    step: 'the install script',
    cause:
      'the imager has no driver for its network card, no address (spanning tree, second card), or could not reach the HTTP port',
    came: (events) => events.some(({ type }) => type === 'script.given' || type.startsWith('report.')),
    said: (events) => say(events, { 'script.failed': whyOf, 'script.refused': whyOf }),
  },
  report: {
    step: 'the report that it is done',
    cause: 'the installer stopped with a question or an error on its console; see the last report above',
    came: (events) => events.some(({ type }) => type === 'report.done'),
  },
} as const satisfies Record<string, Step>

/** Where a boot can stop, in order, and why that usually is; docs/boot.md has the same table. */
export const stops: readonly Stop[] = [never, ...Object.values(steps)].map(({ step, cause }) => ({ step, cause }))

// A local boot ends with its menu; a live one with its kernel and initrd, or with its answer; what wipes, with `done`.
function stepsFor(events: Events): readonly Step[] {
  const { address, loader, menu, kernel, initrd, answer, script, report } = steps
  const { plan, files, answer: fetches } = menuOf(events)?.detail ?? {}
  if (plan === 'local' || plan === 'ignore') return [address, loader, menu]
  // What comes from another server is not seen from here.
  const fetched = files === 0 ? [] : [kernel, initrd]
  const booting = [address, loader, menu, ...fetched, ...(fetches === true ? [answer] : [])]
  if (plan === 'image') return [...booting, script, report]
  return plan === 'live' ? booting : [...booting, report]
}

function menuOf(events: Events): StoredEvent | undefined {
  return events.findLast(menuGiven)
}

function sinceMenu(events: Events): Events {
  return events.slice(events.findLastIndex(menuGiven) + 1)
}

/** A proxy is only asked a second time by a machine that has its address. */
function hasAddress({ type }: Event): boolean {
  return type === 'dhcp.ack' || type === 'dhcp.proxy-ack' || type === 'dhcp6.reply'
}

function otherServer({ detail }: Event): string {
  const { server, serverMac } = detail ?? {}
  const card = serverMac === undefined ? '' : ` (${String(serverMac)})`
  return `another DHCP server gives addresses on this network${server === undefined ? '' : `: ${String(server)}${card}`}`
}

function wasSent({ type }: Event): boolean {
  return type === 'file.sent'
}

/** How many different kernels and initrds went out. */
function bootFiles(events: Events): number {
  return new Set(events.filter((event) => wasSent(event) && event.detail?.['stage'] === 'kernel').map(nameOf)).size
}

/** Whether the started system was heard of. */
function afterwards(events: Events): boolean {
  return events.some(({ type }) => /^(answer\.given|script\.given|report\.)/.test(type))
}

type Sayings = Readonly<Partial<Record<string, (event: Event) => string | undefined>>>

/** The newest reason that an event names; a file that went out in the end is none. */
function say(events: Events, sayings: Sayings): string | undefined {
  const sent = new Set(events.filter(wasSent).map(nameOf))
  const reasons = events.map((event) =>
    event.type.startsWith('file.') && sent.has(nameOf(event)) ? undefined : sayings[event.type]?.(event),
  )
  return reasons.findLast((reason) => reason !== undefined)
}

const brokenOff: Sayings = {
  'file.refused': (event) => `${nameOf(event)} was refused`,
  'file.timeout': (event) => `the machine stopped answering in the middle of ${nameOf(event)}`,
  'file.failed': (event) => `this server could not read ${nameOf(event)}`,
}

/** Loaders ask for many names that need not be there; their own parts must. */
function loaderMissing(event: Event): string | undefined {
  const name = nameOf(event)
  return packageOf(name) === undefined ? undefined : `${name} is not on this server: ${bringsLoader(name)}`
}

/** With Secure Boot on, firmware and shim start only what is signed for them, and tell the server nothing when they do not. */
function refusedLoader(events: Events): string | undefined {
  const last = events.findLast(isTransfer)
  if (!last || !wasSent(last) || !/\.efi$/i.test(nameOf(last))) return undefined
  const name = nameOf(last)
  const byShim = events.some((event) => wasSent(event) && isShim(event) && event !== last)
  const rule = byShim
    ? 'shim starts only what its own vendor signed, so both must come from the same one'
    : `firmware starts only what is signed for it${isShim(last) ? '' : ', and loader: shim is what it starts'}`
  return `the machine has ${name} and asked for nothing more: with Secure Boot on, ${rule}; else ${name} found no network`
}

/** GRUB has the kernel, and does not go on to the initrd. */
function refusedKernel(events: Events): string | undefined {
  const last = events.findLast(isTransfer)
  const byGrub = menuOf(events)?.detail?.['loader'] === 'grub'
  if (!byGrub || !last || !wasSent(last) || last.detail?.['stage'] !== 'kernel') return undefined
  return `GRUB has ${nameOf(last)} and asked for nothing more: with Secure Boot on it refuses a kernel that its own vendor did not sign (its console says "bad shim signature"; loaders: brings another vendor's shim and GRUB), or the kernel did not fit into memory`
}

function isTransfer({ type }: Event): boolean {
  return type.startsWith('file.')
}

function isShim(event: Event): boolean {
  return /shim/i.test(nameOf(event))
}

function nameOf({ detail }: Event): string {
  return String(detail?.['name'])
}

function whyOf({ detail }: Event): string {
  return String(detail?.['why'])
}
