import { isType, spanText, systemAddress, textOf, whyOf, type Facts } from '../facts.ts'

export function answerWhy({ events }: Facts): string | undefined {
  const event = events.findLast(isType('answer.failed', 'answer.refused'))
  const given = events.findLast(isType('answer.given'))
  return event && !(given && given.id > event.id) ? whyOf(event) : undefined
}

export function scriptWhy({ events }: Facts): string | undefined {
  const event = events.findLast(isType('script.failed', 'script.refused'))
  const given = events.findLast(isType('script.given'))
  return event && !(given && given.id > event.id) ? whyOf(event) : undefined
}

/** The started system has a driver and an address: then only the way to the HTTP port is left. */
export function nothingButHttp({ events, connected }: Facts): string | undefined {
  const ack = systemAddress(events)
  const address = ack && textOf(ack, 'address')
  if (!ack || address === undefined) return undefined
  const after = spanText(ack.at - events[0]!.at)
  const has = `the started system asked for an address ${after} after the boot began and has ${address}`
  return connected?.(address, ack.at) === true
    ? `${has}, and connected to the HTTP port: what it asked for there is no answer of this boot; look at its kernel line`
    : `${has}, so its driver and its network work: it could not reach the HTTP port of this server, or has another URL on its kernel line`
}
