/** Where a permit stands. `armed` waits for its machine, `claimed` belongs to one boot session, the rest is history. */
export type PermitState = 'armed' | 'claimed' | 'used' | 'failed' | 'withdrawn' | 'expired'

export type PermitMove = 'claim' | 'done' | 'fail' | 'withdraw' | 'expire'

/**
 * The whole life of a permit. What is not in the table cannot happen: a used permit never wipes again, a withdrawn one is
 * never claimed. `failed` still takes a late `done`: the installer that reported a mistake may yet finish.
 */
export const lifecycle: Readonly<Record<PermitState, Partial<Readonly<Record<PermitMove, PermitState>>>>> = {
  armed: { claim: 'claimed', withdraw: 'withdrawn', expire: 'expired' },
  claimed: { done: 'used', fail: 'failed', withdraw: 'withdrawn', expire: 'failed' },
  failed: { done: 'used' },
  used: {},
  withdrawn: {},
  expired: {},
}

export function next(state: PermitState, move: PermitMove): PermitState | undefined {
  return lifecycle[state][move]
}

/** What a person is told of a machine, from its newest permit. */
export type MachineState = 'idle' | 'armed' | 'installing' | 'installed' | 'failed'

const told: Readonly<Record<PermitState, MachineState>> = {
  armed: 'armed',
  claimed: 'installing',
  used: 'installed',
  failed: 'failed',
  withdrawn: 'idle',
  expired: 'idle',
}

export function stateOf(permit: { readonly state: PermitState } | undefined): MachineState {
  return permit ? told[permit.state] : 'idle'
}
