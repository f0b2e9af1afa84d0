/** The candidate that is at most two typing mistakes away (one, for words of up to four letters); undefined when none is. */
export function closest(text: string, candidates: readonly string[]): string | undefined {
  const most = text.length <= 4 ? 1 : 2
  let best: string | undefined
  let least = most + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - text.length) > most) continue
    const distance = mistakes(text.toLowerCase(), candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** Optimal string alignment distance: a letter too many, too few, wrong, or two swapped. */
function mistakes(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1))
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) cost = Math.min(cost, before[column - 2]! + 1)
      current.push(cost)
    }
    before = previous
    previous = current
  }
  return previous[b.length]!
}

/** The sentence for a name that is not there: the near one, or the first few that are. */
export function didYouMean(text: string, candidates: readonly string[], otherwise: string): string {
  const near = closest(text, candidates)
  if (near !== undefined) return `did you mean ${near}?`
  if (candidates.length === 0) return otherwise
  const shown = candidates.slice(0, 8).join(', ')
  return `${otherwise}; there ${candidates.length === 1 ? 'is' : 'are'}: ${shown}${candidates.length > 8 ? ', …' : ''}`
}
