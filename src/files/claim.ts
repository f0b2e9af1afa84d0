import type { Answer } from '../boot/ask.ts'
import type { Session } from '../boot/session.ts'
import { expectedAddress, type House } from './house.ts'

/**
 * Binds the armed permit to the session whose menu is about to be given, once and durably, before the menu leaves. Whoever
 * speaks from another address than the machine's own gets the disk, and an event is left.
 */
export function claim(house: House, answer: Answer, session: Session, from: string): Answer {
  const now = house.now()
  const machine = answer.machine!
  const expected = expectedAddress(house, session.mac, session)
  const record = (type: string, detail: Record<string, string>): void =>
    house.journal.record({ at: now, type, machine: machine.name, mac: session.mac, session: session.id, detail })
  if (expected !== undefined && expected !== from) {
    record('claim.refused', { why: `asked from ${from}, but the machine has ${expected}`, from })
    return { ...answer, plan: { do: 'local', why: 'the install menu was asked for from a foreign address' } }
  }
  const before = house.permits.of(machine.name)
  let permit
  try {
    permit = house.permits.claim(machine.name, session.id, from, now)
  } catch (error) {
    record('claim.refused', { why: (error as Error).message, from })
  }
  if (!permit) return { ...answer, plan: { do: 'local', why: 'the permit could not be claimed' } }
  session.address = from
  if (before?.state === 'armed') record('permit.claimed', { permit: permit.id, target: permit.target, from })
  return answer
}
