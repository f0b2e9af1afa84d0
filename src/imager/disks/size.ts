/** How large a partition or a volume is. Percent is of the whole disk or volume group; `rest` is what the others leave. */
export type Size =
  | { readonly is: 'fixed'; readonly mib: number }
  | { readonly is: 'percent'; readonly percent: number }
  | { readonly is: 'rest' }

const binary: Readonly<Record<string, number>> = { MiB: 1, GiB: 1024, TiB: 1024 ** 2 }
const decimal: Readonly<Record<string, number>> = { MB: 1e6, GB: 1e9, TB: 1e12 }

/** No disk is larger (1 EiB); shells compute in 64 bits. */
const most = 1024 ** 4

/** `512MiB`, `20GiB`, `1.5TiB`, `30%` or `rest`; undefined for anything else. */
export function readSize(text: string): Size | undefined {
  if (text === 'rest') return { is: 'rest' }
  const percent = /^(\d{1,3})\s?%$/.exec(text)
  if (percent) return inside(Number(percent[1]), 1, 100) ? { is: 'percent', percent: Number(percent[1]) } : undefined
  const mib = readAmount(text, binary)
  return mib === undefined ? undefined : { is: 'fixed', mib }
}

/** The size of a whole disk in MiB: as above, or as makers print it: `480GB`. */
export function readDiskSize(text: string): number | undefined {
  const bytes = readAmount(text, decimal)
  return bytes === undefined ? readAmount(text, binary) : Math.round(bytes / 1024 ** 2)
}

export function formatSize(size: Size): string {
  if (size.is === 'rest') return 'rest'
  return size.is === 'percent' ? `${size.percent}%` : formatMib(size.mib)
}

/** `20GiB` where that is exact, MiB otherwise. */
export function formatMib(mib: number): string {
  if (mib > 0 && mib % 1024 ** 2 === 0) return `${mib / 1024 ** 2}TiB`
  return mib > 0 && mib % 1024 === 0 ? `${mib / 1024}GiB` : `${mib}MiB`
}

function readAmount(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, number, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)\s?([KMGT]i?B)$/.exec(text) ?? []
  if (number === undefined || !Object.hasOwn(units, unit)) return undefined
  const amount = Number(number) * units[unit]!
  const whole = Math.round(amount)
  const limit = units === binary ? most : most * 1024 ** 2
  return Math.abs(amount - whole) < 1e-6 && inside(whole, 1, limit) ? whole : undefined
}

function inside(value: number, least: number, largest: number): boolean {
  return value >= least && value <= largest
}
