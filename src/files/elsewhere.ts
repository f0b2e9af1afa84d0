import type { Answer } from '../boot/ask.ts'
import type { Mac } from '../net/mac.ts'
import type { House, Said } from './house.ts'

/** The API that a plan leaves the choice to. */
export function apiOf({ plan }: Pick<Answer, 'plan'>): string | undefined {
  return plan.do === 'live' || plan.do === 'install' ? plan.profile.pixiecore : undefined
}

/** What that API says of this card; undefined for every other plan. A house that asks nobody waits for ever. */
export function saidElsewhere(house: House, answer: Pick<Answer, 'plan'>, mac: Mac | undefined): Said | undefined {
  const api = apiOf(answer)
  if (api === undefined) return undefined
  if (mac === undefined) return { state: 'refused', why: `${api} is asked by MAC address, and none is known` }
  return house.elsewhere?.ask(api, mac) ?? { state: 'asking' }
}

/** A machine that the API wants nothing of boots its disk. */
export function heed(answer: Answer, said: Said | undefined): Answer {
  return said?.state === 'refused' ? { ...answer, plan: { do: 'local', why: said.why } } : answer
}
