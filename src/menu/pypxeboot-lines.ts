/** A line of a PXELINUX menu as two programs see it. */
export interface MenuLine {
  /** 1-based. */
  readonly number: number
  /** The first word, in capitals. */
  readonly keyword: string
  /** Everything after the keyword and one blank. */
  readonly value: string
  /** pypxeboot takes it for a directive. */
  readonly read: boolean
  /** It stands in a TEXT HELP block, which only PXELINUX skips. */
  readonly inHelp: boolean
}

/** Lines without comments and blanks at their ends. LOCALBOOT may have an empty value, but the blank must be there. */
export function readMenuLines(text: string): readonly MenuLine[] {
  const lines: MenuLine[] = []
  let inHelp = false
  for (const [at, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const [, first = '', rest = ''] = /^(\S+)(.*)$/s.exec(line)!
    const keyword = first.toUpperCase()
    if (inHelp && keyword === 'ENDTEXT') inHelp = false
    lines.push({
      number: at + 1,
      keyword,
      value: rest.slice(1),
      read: directives.has(keyword) && rest.startsWith(' '),
      inHelp,
    })
    if (keyword === 'TEXT' && /^\s+help\b/i.test(rest)) inHelp = true
  }
  return lines
}

const directives = new Set(['DEFAULT', 'LABEL', 'KERNEL', 'APPEND', 'LOCALBOOT'])
