import type { Complain, MenuProblem } from './menu-problem.ts'
import { readMenuLines, type MenuLine } from './pypxeboot-lines.ts'
import { checkWords } from './pypxeboot-words.ts'

/**
 * Everything in a finished menu that pypxeboot 0.0.3 (the Xen boot loader) cannot read, by line. Its parser knows DEFAULT,
 * LABEL, KERNEL, APPEND and LOCALBOOT, each followed by one blank, and skips every other line.
 */
export function checkPypxeboot(text: string, file: string): readonly MenuProblem[] {
  const problems: MenuProblem[] = []
  const complain: Complain = (severity, line, message, hint) => problems.push({ severity, file, line, message, hint })
  const lines = readMenuLines(text)
  for (const line of lines) checkLine(line, complain)
  const entries = entriesOf(lines, complain)
  checkDefault(lines, entries, complain)
  for (const entry of entries) checkEntry(entry, isDefault(lines, entry), complain)
  return problems.toSorted((a, b) => a.line - b.line)
}

interface EntryLines {
  readonly label: string
  readonly line: number
  readonly lines: MenuLine[]
}

function checkLine(line: MenuLine, complain: Complain): void {
  if (line.inHelp && line.read)
    complain(
      'error',
      line.number,
      `pypxeboot reads this line of a TEXT block as ${line.keyword}`,
      'begin the help line with another word',
    )
  if (line.read && line.keyword !== 'APPEND' && /^[ \t]/.test(line.value)) {
    complain(
      'error',
      line.number,
      `pypxeboot takes the second blank after ${line.keyword} for part of the name`,
      'leave one blank',
    )
  }
  const missed = !line.read && !line.inHelp && known.has(line.keyword)
  if (missed)
    complain(
      'error',
      line.number,
      `pypxeboot does not see this ${line.keyword}`,
      'write the keyword, one blank (no tab), and a value',
    )
  if (line.inHelp) return
  if (line.keyword === 'INCLUDE')
    complain('warning', line.number, 'pypxeboot does not follow INCLUDE', 'write the entries into this file')
  if (line.keyword === 'IPAPPEND' || line.keyword === 'SYSAPPEND') {
    complain('warning', line.number, `pypxeboot does not know ${line.keyword}`, 'a Xen guest boots without these words')
  }
}

const known = new Set(['DEFAULT', 'LABEL', 'KERNEL', 'APPEND', 'LOCALBOOT'])

function entriesOf(lines: readonly MenuLine[], complain: Complain): readonly EntryLines[] {
  const entries: EntryLines[] = []
  for (const line of lines) {
    if (line.read && line.keyword === 'LABEL') {
      if (entries.some(({ label }) => label === line.value))
        complain('error', line.number, `a second entry is called ${line.value}`, 'rename it')
      entries.push({ label: line.value, line: line.number, lines: [] })
    } else if (entries.length > 0) entries.at(-1)!.lines.push(line)
    else if (line.read && line.keyword !== 'DEFAULT') {
      complain(
        'error',
        line.number,
        `pypxeboot dies of ${line.keyword} before the first LABEL`,
        'move it into the entries',
      )
    }
  }
  return entries
}

function checkDefault(lines: readonly MenuLine[], entries: readonly EntryLines[], complain: Complain): void {
  const found = defaults(lines)
  const last = found.at(-1)
  if (!last) {
    complain('error', 1, 'the menu has no DEFAULT', 'pypxeboot boots nothing else: name a label')
    return
  }
  if (found.length > 1)
    complain('warning', last.number, 'a second DEFAULT', 'the last one counts; leave the others out')
  if (entries.some(({ label }) => label === last.value)) return
  const hint = /\.c32\b/i.test(last.value)
    ? `write UI ${last.value}, and DEFAULT with a label`
    : 'pypxeboot compares letter by letter, case and blanks too'
  complain('error', last.number, `DEFAULT ${last.value} is no LABEL of this menu`, hint)
}

function defaults(lines: readonly MenuLine[]): readonly MenuLine[] {
  return lines.filter(({ read, keyword }) => read && keyword === 'DEFAULT')
}

function isDefault(lines: readonly MenuLine[], { label }: EntryLines): boolean {
  return defaults(lines).at(-1)?.value === label
}

/** An entry that is no Linux kernel (COM32, a separator) kills pypxeboot only when it is chosen. */
function checkEntry(entry: EntryLines, chosen: boolean, complain: Complain): void {
  const of = (keyword: string): MenuLine[] => entry.lines.filter((line) => line.keyword === keyword && !line.inHelp)
  const read = (keyword: string): MenuLine | undefined =>
    entry.lines.findLast((line) => line.read && line.keyword === keyword)
  const [kernel, append] = [read('KERNEL'), read('APPEND')]
  if (!read('LOCALBOOT')) {
    const isLinux = chosen || kernel !== undefined || of('LINUX').length > 0 || of('INITRD').length > 0
    const severity = isLinux ? 'error' : 'warning'
    if (!kernel)
      complain(
        severity,
        entry.line,
        `entry ${entry.label} has no KERNEL`,
        of('LINUX')[0] ? 'pypxeboot does not know LINUX: write KERNEL' : 'pypxeboot dies when it is chosen',
      )
    if (!append)
      complain(
        severity,
        entry.line,
        `entry ${entry.label} has no APPEND`,
        'pypxeboot dies of that: write APPEND initrd=… and the arguments',
      )
  }
  for (const line of of('INITRD'))
    complain('error', line.number, 'pypxeboot skips INITRD lines', 'write initrd=… as the first word of APPEND')
  for (const line of of('APPEND').slice(1))
    complain('warning', line.number, 'a second APPEND replaces the first', 'write one line')
  for (const line of of('APPEND')) if (line.read) checkWords(line, kernel, complain)
  if (kernel && !/^[^\s()'"]+$/.test(kernel.value))
    complain(
      'error',
      kernel.number,
      'the kernel name holds blanks, quotes or parentheses',
      'they end the line that pypxeboot prints',
    )
}
