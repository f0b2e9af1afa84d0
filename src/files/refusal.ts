import type { Answer } from '../boot/ask.ts'
import { isWipe } from '../boot/plan.ts'
import type { Session } from '../boot/session.ts'
import type { WipingProfile } from '../config/site.ts'
import type { Asked } from './asked.ts'
import type { House } from './house.ts'
import { whyForeign } from './own-address.ts'

export interface Why {
  readonly status: 403 | 404 | 410
  readonly message: string
}

/**
 * Why what wipes a machine (or holds its secrets) is not given: it needs the claimed session's token, the machine's own address,
 * and the hour after the claim. Undefined when it may be given.
 */
export function refusal(
  house: House,
  { machine, permit, profile, plan }: Answer,
  kind: WipingProfile['kind'],
  session: Session | undefined,
  asked: Pick<Asked, 'dry' | 'peer'>,
): Why | undefined {
  const what = kind === 'image' ? 'install script' : 'answer'
  if (!machine) return { status: 404, message: 'nobody named this machine' }
  if (profile?.kind !== kind) return { status: 404, message: `${machine.name} boots its disk and has no ${what}` }
  if (asked.dry) return undefined
  if (!session)
    return { status: 403, message: `the install answer of ${machine.name} needs the token of its boot session` }
  if (permit?.session !== session.id) return { status: 403, message: `this session may not install ${machine.name}` }
  if (permit.state === 'used') return { status: 410, message: `${machine.name} is installed; its ${what} is closed` }
  if (permit.state !== 'claimed') return { status: 410, message: `permit ${permit.id} is ${permit.state}` }
  if (!isWipe(plan)) return { status: 410, message: `the ${what} of ${machine.name} is closed: ${plan.why}` }
  const foreign = whyForeign(house, { machine, session }, asked.peer.address)
  if (foreign !== undefined) return { status: 403, message: foreign }
  const limit = house.registry.site.server.permits.answer * 1000
  return house.now() - permit.claimedAt! > limit
    ? { status: 410, message: `the ${what} of ${machine.name} was open for ${limit / 60_000} minutes` }
    : undefined
}
