import type { Session } from '../boot/session.ts'
import { machineOf, type House } from './house.ts'

/**
 * Why the install that a boot has claimed is over, and nothing of it is given any more: somebody withdrew the permit, or it ended otherwise.
 * Undefined while it goes on, and for a boot that has claimed none.
 */
export function whyOver(house: House, session: Session): string | undefined {
  const machine = machineOf(house, session.mac)
  const permit = machine && house.permits.of(machine.name)
  if (permit?.session === session.id)
    return permit.state === 'claimed' ? undefined : `permit ${permit.id} is ${permit.state}`
  return session.claimed === undefined ? undefined : `permit ${session.claimed} is over`
}
