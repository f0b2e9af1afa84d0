import { hear, type Session } from '../boot/session.ts'
import { machineOf, type House } from './house.ts'
import { whyForeign } from './own-address.ts'

/**
 * Notes how far the machine of a boot has come, when it speaks from its own address: `waits` at a menu, was told what it `boots`, or has `gone` on
 * from there. A stranger, who may know the name of the boot, moves nobody on.
 */
export function note(house: House, session: Session, from: string, what: 'waits' | 'boots' | 'gone'): void {
  const machine = machineOf(house, session.mac)
  if (whyForeign(house, { machine, session }, from) !== undefined) return
  hear(session, house.now())
  session.waits = what === 'waits'
  if (what === 'gone') session.gone = true
}
