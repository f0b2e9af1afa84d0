import type { Session } from '../boot/session.ts'
import { machineOf, type House } from '../files/house.ts'
import type { Mac } from '../net/mac.ts'

interface Heard {
  readonly type: string
  readonly mac?: Mac
  readonly machine?: string
  readonly interface: string
  readonly count?: number
  readonly why?: string
}

/**
 * What a DHCP server saw becomes an event of the machine; of strangers only the types in `even` do, so that a flood of made-up cards writes
 * nothing. `more` is what only the system can tell of it.
 */
export function hear<T extends Heard>(
  house: House,
  { type, mac, machine, interface: link, count, ...rest }: T,
  even: readonly T['type'][],
  more: object = {},
): void {
  const named = machine ?? (mac && machineOf(house, mac)?.name)
  if (named === undefined && !even.includes(type)) return
  const session = mac && bootOf(house, mac)
  const event = {
    at: house.now(),
    type,
    ...(named !== undefined && { machine: named }),
    ...(mac && { mac }),
    ...(session && { session: session.id }),
    detail: { interface: link, count, ...rest, ...more },
  }
  // Anybody can speak with the address of a known card; of made-up ones, only that there are any is told.
  house.journal.recordSeldom(event, named === undefined ? link : `${link} ${mac} ${session?.id} ${rest.why}`)
}

/** The boot that a DHCP message belongs to; a system that renews its lease hours later is not booting any more. */
function bootOf({ sessions, now }: House, mac: Mac): Session | undefined {
  const session = sessions.current(mac)
  return session && now() - session.stageAt < 15 * 60_000 ? session : undefined
}
