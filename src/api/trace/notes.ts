import { startOf } from './boot-of.ts'
import { digitsText, isOffer, menuOf, textOf, timeText, whyOf, type Facts } from './facts.ts'
import { leapt } from './rules/clock.ts'

/** What a person should know besides the boot itself: each a sentence. Pure. */
export function notesOn(facts: Facts, ended: boolean): readonly string[] {
  const ofStop = ended ? [] : [leaptNote, nearMiss, manyUnknown]
  return [armedAndAway, expired, foreignCard, whyLocal, ...ofStop, fullDisk].flatMap((note) => note(facts) ?? [])
}

/** What a person should know of an open permit, or of one that nobody came for. */
export function permitNotes(facts: Facts): readonly string[] {
  return [armedAndAway, expired].flatMap((note) => note(facts) ?? [])
}

/** Somebody waits for an install, and the machine does not come for it. */
function armedAndAway({ permit, events: boot, later: events = boot }: Facts): string | undefined {
  if (permit?.state !== 'armed' || hasComeSince(permit.createdAt, events)) return undefined
  return `Armed since ${timeText(permit.createdAt)} and not seen in PXE since; ${whereItIs(permit.createdAt, events)}`
}

function expired({ permit, events: boot, later: events = boot }: Facts): string | undefined {
  if (permit?.state !== 'expired' || hasComeSince(permit.createdAt, events)) return undefined
  return `Armed at ${timeText(permit.createdAt)}, and the permit expired before it came; ${whereItIs(permit.createdAt, events)}`
}

function hasComeSince(at: number, events: Facts['events']): boolean {
  return events.some(({ session }) => session !== undefined && startOf(session) >= at)
}

const firstInOrder =
  'put the network first in its boot order, or reset it into PXE (ipmitool chassis bootdev pxe, then power reset)'

/** As its running system was heard of since. */
function whereItIs(since: number, events: Facts['events']): string {
  const heard = events.filter((event) => event.at >= since && textOf(event, 'asker') === 'os')
  const started = heard.findLast(({ type }) => type === 'dhcp.discover' || type === 'dhcp6.solicit')
  if (started)
    return `at ${timeText(started.at)} its running system asked for an address, so it was started from its disk: ${firstInOrder}`
  const renewed = heard.at(-1)
  if (renewed)
    return `its running system was heard of at ${timeText(renewed.at)} and has not been started again: reset it into PXE (ipmitool chassis bootdev pxe, then power reset)`
  return `boot it from the network: ${firstInOrder}`
}

/** Boards of one make may say the same UUID. */
function foreignCard({ events, macs }: Facts): string | undefined {
  const foreign = events.findLast(
    ({ mac, session }) => session !== undefined && mac !== undefined && !macs.includes(mac),
  )
  if (macs.length === 0 || !foreign) return undefined
  return `This boot came from ${foreign.mac}, which is no card of the machine (${macs.join(', ')}): it was known by its UUID, serial or port, and boards of one make may say the same`
}

/** Somebody who wonders why it was not installed reads it here. */
function whyLocal({ events, permit }: Facts): string | undefined {
  const menu = menuOf(events)
  if (!menu || textOf(menu, 'plan') !== 'local') return undefined
  return permit || /permit/.test(whyOf(menu)) ? `It was told to boot its disk: ${whyOf(menu)}` : undefined
}

function leaptNote(facts: Facts): string | undefined {
  const text = leapt(facts)
  return text && `${text[0]!.toUpperCase()}${text.slice(1)}`
}

function nearMiss({ near, events }: Facts): string | undefined {
  if (!near || events.some((event) => isOffer(event))) return undefined
  return `A machine that nobody named booted at ${timeText(near.seenAt)}: ${near.mac}, ${digitsText(near.digits)} away from its card ${near.of}; is one of the two a slip of the pen?`
}

function manyUnknown({ near, unknown = 0, events }: Facts): string | undefined {
  if (near || unknown === 0 || events.some((event) => isOffer(event))) return undefined
  return `Machines that nobody named have booted (${unknown}): birnam machine waiting lists them`
}

function fullDisk({ disk, events }: Facts): string | undefined {
  if (events.some((event) => whyOf(event).startsWith('lease not written'))) return undefined
  return disk && `${disk[0]!.toUpperCase()}${disk.slice(1)}: nothing can be written until it has room again`
}
