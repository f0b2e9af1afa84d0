import type { StoredEvent } from '../../journal/journal.ts'
import { textOf, type Events } from './facts.ts'

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
export function startOf(session: string): number {
  return Number.parseInt(session.split('-')[1] ?? '', 36)
}

/**
 * The last try of a boot: firmware that asks for an address after it had come further, or as another architecture, begins anew, and what stopped it
 * before is not what stops it now. A loader that asks after its ROM goes on with it.
 */
export function lastTry(events: Events): Events {
  let start = 0
  let came: StoredEvent | undefined
  let advanced = false
  for (const [at, event] of events.entries()) {
    if (isComing(event)) {
      if (came && (isOther(came, event) || (advanced && !isChained(came, event)))) start = at
      if (!came || !isChained(came, event)) came = event
      if (start === at) advanced = false
    } else advanced ||= /^(file\.|menu\.)|^dhcp6?\.(ack|proxy-ack|reply|other-server|decline)$/.test(event.type)
  }
  return events.slice(start)
}

/** A started system asks too, and belongs to the try that started it. */
function isComing(event: StoredEvent): boolean {
  return /^dhcp\.discover$|^dhcp6\.solicit$/.test(event.type) && textOf(event, 'asker') !== 'os'
}

function isChained(before: StoredEvent, event: StoredEvent): boolean {
  return textOf(before, 'asker') === 'firmware' && textOf(event, 'asker') === 'ipxe'
}

function isOther(before: StoredEvent, event: StoredEvent): boolean {
  if (isChained(before, event)) return false
  const [one, other] = [textOf(before, 'arch'), textOf(event, 'arch')]
  return one !== undefined && other !== undefined && one !== other
}
