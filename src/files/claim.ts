import type { Answer } from '../boot/ask.ts'
import type { Session } from '../boot/session.ts'
import type { House } from './house.ts'
import { whyForeign } from './own-address.ts'

/**
 * Binds the armed permit to the session whose menu is about to be given, once and durably, before the menu leaves. Whoever
 * speaks from another address than the machine's own gets the disk, and an event is left.
 */
export function claim(house: House, answer: Answer, session: Session, from: string): Answer {
  const now = house.now()
  const machine = answer.machine!
  const whose = { at: now, machine: machine.name, mac: session.mac, session: session.id }
  const refused = (why: string): void =>
    house.journal.recordSeldom({ ...whose, type: 'claim.refused', detail: { why, from } }, from)
  const foreign = whyForeign(house, { machine, session }, from)
  if (foreign !== undefined) {
    refused(foreign)
    return { ...answer, plan: { do: 'local', why: `the install menu was ${foreign}` } }
  }
  const before = house.permits.of(machine.name)
  let permit
  try {
    permit = house.permits.claim(machine.name, session.id, from, now)
  } catch (error) {
    refused((error as Error).message)
  }
  if (!permit) return { ...answer, plan: { do: 'local', why: 'the permit could not be claimed' } }
  if (before?.state === 'armed') {
    const detail = { permit: permit.id, target: permit.target, from }
    house.journal.record({ ...whose, type: 'permit.claimed', detail })
  }
  return answer
}
