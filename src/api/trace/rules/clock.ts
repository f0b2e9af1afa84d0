import { spanText, timeText, type Facts } from '../facts.ts'

/** What is good for an hour or a day is too old, or not yet given, when the clock jumps. */
export function leapt({ events, leaps = [] }: Facts): string | undefined {
  const [first, last] = [events[0], events.at(-1)]
  if (!first || !last) return undefined
  const leap = leaps.findLast(({ at, by }) => at >= first.at - Math.abs(by) && first.at >= at - Math.abs(by) - day)
  const within = leap && Math.max(leap.at, leap.at - leap.by) >= first.at
  return leap && within ? leapText(leap) : undefined
}

const day = 24 * 3_600_000

export function leapText({ at, by }: { readonly at: number; readonly by: number }): string {
  const way = by > 0 ? 'forward' : 'back'
  return `the clock of this server was set ${way} by ${spanText(by)} at ${timeText(at)}, in the middle of this boot: permits, sessions and answers go by it; boot it again`
}
