import type { Answer } from '../boot/ask.ts'
import { whyNotClaim, type Session } from '../boot/session.ts'
import { isOnlyLooking, type Asked } from './asked.ts'
import type { House } from './house.ts'
import { whyForeign } from './own-address.ts'

/**
 * Binds the armed permit to the session whose menu is about to be given, once and durably, before the menu leaves. Whoever speaks from another
 * address than the machine's own, or under the name of a boot that is over, gets the disk, and an event is left.
 */
export function claim(
  house: House,
  answer: Answer,
  session: Session,
  asked: Pick<Asked, 'peer' | 'dry' | 'head'>,
): Answer {
  const from = asked.peer.address
  const why = whyRefused(house, answer, session, from)
  if (isOnlyLooking(asked)) return why ? disk(answer, why.plan) : answer
  return why ? refuse(house, answer, session, { ...why, from }) : bind(house, answer, session, from)
}

interface Why {
  /** As the menu says it. */
  readonly plan: string
  /** As the event does, to who may read more. */
  readonly event: string
}

function whyRefused(house: House, { machine }: Answer, session: Session, from: string): Why | undefined {
  const foreign = whyForeign(house, { machine, session }, from)
  if (foreign !== undefined) return { plan: `the install menu was ${foreign}`, event: foreign }
  const permit = house.permits.of(machine!.name)
  if (permit?.state !== 'armed') return undefined
  const why = whyNotClaim(session, permit.createdAt, house.now())
  return why === undefined ? undefined : { plan: why, event: why }
}

function bind(house: House, answer: Answer, session: Session, from: string): Answer {
  const { name } = answer.machine!
  const before = house.permits.of(name)
  try {
    const permit = house.permits.claim(name, session.id, from, house.now())
    if (!permit) return disk(answer, cannot)
    session.claimed = permit.id
    if (before?.state === 'armed') {
      const detail = { permit: permit.id, target: permit.target, from }
      house.journal.record({ ...whose(house, answer, session), type: 'permit.claimed', detail })
    }
    return answer
  } catch (error) {
    return refuse(house, answer, session, { plan: cannot, event: (error as Error).message, from })
  }
}

const cannot = 'the permit could not be claimed'

function refuse(
  house: House,
  answer: Answer,
  session: Session,
  { plan, event, from }: Why & { readonly from: string },
): Answer {
  const detail = { why: event, from }
  house.journal.recordSeldom({ ...whose(house, answer, session), type: 'claim.refused', detail }, from)
  return disk(answer, plan)
}

function whose(
  house: House,
  { machine }: Answer,
  session: Session,
): { at: number; machine: string; mac: string; session: string } {
  return { at: house.now(), machine: machine!.name, mac: session.mac, session: session.id }
}

function disk(answer: Answer, why: string): Answer {
  return { ...answer, plan: { do: 'local', why } }
}
