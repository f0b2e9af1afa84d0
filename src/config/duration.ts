const units: Readonly<Record<string, number>> = { w: 604_800, d: 86_400, h: 3600, m: 60, s: 1 }

/** `90`, `90s`, `30m`, `1h30m`, `2d` in seconds; undefined for anything else. Units go from long to short, each at most once. */
export function readDuration(text: string): number | undefined {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  if (!/^(?:\d{1,7}w)?(?:\d{1,7}d)?(?:\d{1,7}h)?(?:\d{1,7}m)?(?:\d{1,7}s)?$/.test(text) || text === '') return undefined
  return text.match(/\d{1,7}[a-z]/g)!.reduce((sum, part) => sum + Number(part.slice(0, -1)) * units[part.at(-1)!]!, 0)
}

/** The shortest text that `readDuration` reads back: 5400 is `1h30m`. */
export function formatDuration(seconds: number): string {
  let rest = seconds
  let text = ''
  for (const [unit, size] of Object.entries(units)) {
    if (rest < size) continue
    text += `${Math.floor(rest / size)}${unit}`
    rest %= size
  }
  return text === '' ? '0s' : text
}
