import type { Answer } from '../boot/ask.ts'
import type { Profile } from '../config/site.ts'
import type { Mac } from '../net/mac.ts'
import type { House, Said } from './house.ts'

/** The API that this profile leaves the choice to. */
export function apiOf(profile: Profile | undefined): string | undefined {
  return profile?.kind === 'live' || profile?.kind === 'install' ? profile.pixiecore : undefined
}

/** What that API says of this card; undefined for every other profile. A house that asks nobody waits for ever. */
export function saidElsewhere(house: House, { plan }: Pick<Answer, 'plan'>, mac: Mac | undefined): Said | undefined {
  const api = plan.do === 'live' || plan.do === 'install' ? apiOf(plan.profile) : undefined
  if (api === undefined) return undefined
  if (mac === undefined) return { state: 'refused', why: `${api} is asked by MAC address, and none is known` }
  return house.elsewhere?.ask(api, mac) ?? { state: 'asking' }
}

/** A machine that the API wants nothing of boots its disk. */
export function heed(answer: Answer, said: Said | undefined): Answer {
  return said?.state === 'refused' ? { ...answer, plan: { do: 'local', why: said.why } } : answer
}
