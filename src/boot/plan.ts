import type { MenuProfile, Profile, WipingProfile } from '../config/site.ts'
import type { Permit } from '../machine/permit.ts'

/** What a client shall do now, and why: the sentence that `explain`, the events and the menu's comment repeat. */
export type Plan =
  | { readonly do: 'ignore'; readonly why: string }
  | { readonly do: 'local'; readonly why: string }
  /** A person at the console chooses. */
  | { readonly do: 'menu'; readonly why: string; readonly profile: MenuProfile }
  /** Chosen at the console, and nobody has allowed it yet. */
  | { readonly do: 'wait'; readonly why: string; readonly profile: WipingProfile }
  /** It tells what it is, and waits until somebody names it. */
  | { readonly do: 'discover'; readonly why: string }
  | { readonly do: 'live'; readonly why: string; readonly profile: Extract<Profile, { kind: 'live' }> }
  | {
      readonly do: 'install'
      readonly why: string
      readonly profile: Extract<Profile, { kind: 'install' }>
      readonly permit: Permit
    }
  | {
      readonly do: 'image'
      readonly why: string
      readonly profile: Extract<Profile, { kind: 'image' }>
      readonly permit: Permit
    }

/** Plans that wipe disks; each has its permit. */
export function isWipe(plan: Plan): plan is Extract<Plan, { do: 'install' | 'image' }> {
  return plan.do === 'install' || plan.do === 'image'
}
