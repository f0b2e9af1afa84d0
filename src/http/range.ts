/** The part of a file that a Range header selects: `to` is the last byte, inclusive. */
export interface Part {
  readonly from: number
  readonly to: number
}

/**
 * RFC 9110 §14.1.2 and §14.2. `'whole'` when there is nothing to honour: another unit, wrong syntax (`5-2`), or several ranges, which a
 * server may answer with the whole file (and does: a thousand overlapping ranges then cost what one GET costs).
 */
export function readRange(header: string | undefined, size: number): Part | 'whole' | 'unsatisfiable' {
  const match = header === undefined ? undefined : /^bytes=[ \t]*(?:(\d+)-(\d*)|-(\d+))[ \t]*$/i.exec(header)
  if (!match) return 'whole'
  const [, first, last, suffix] = match
  if (suffix !== undefined) return lastBytes(Number(suffix), size)
  const from = Number(first)
  const to = last ? Number(last) : Number.POSITIVE_INFINITY
  if (to < from) return 'whole'
  return from < size ? { from, to: Math.min(to, size - 1) } : 'unsatisfiable'
}

function lastBytes(count: number, size: number): Part | 'unsatisfiable' {
  return count === 0 || size === 0 ? 'unsatisfiable' : { from: Math.max(0, size - count), to: size - 1 }
}
