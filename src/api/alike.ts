import { diffArrays } from 'diff'
import type { Machine } from '../config/site.ts'
import type { FirmwareName } from './firmware.ts'
import type { Part, Rendered } from './rendered.ts'

/** What is different in one part of what a machine gets; lines of the kernel line are its words. */
export interface Change {
  readonly part: Part
  /** In which of its boots. */
  readonly firmware: readonly FirmwareName[]
  readonly removed: readonly string[]
  readonly added: readonly string[]
}

/** A machine before and after, and what is different. */
export interface Changed {
  readonly before: Machine
  readonly after: Machine
  readonly changes: readonly Change[]
}

/** The parts that are not the same, each told once for all firmware that it changes alike for. */
export function changesOf(before: Rendered, after: Rendered): readonly Change[] {
  return [...after].flatMap(([part, byFirmware]) => {
    const found = new Map<string, Change>()
    for (const [kind, lines] of byFirmware) {
      const change = changeOf(before.get(part)?.get(kind) ?? [], lines)
      if (!change) continue
      const key = JSON.stringify(change)
      const same = found.get(key)
      found.set(key, { part, firmware: [...(same?.firmware ?? []), kind], ...change })
    }
    return [...found.values()]
  })
}

function changeOf(before: readonly string[], after: readonly string[]): Pick<Change, 'removed' | 'added'> | undefined {
  if (before.length === after.length && before.every((line, n) => line === after[n])) return undefined
  const pieces = diffArrays([...before], [...after])
  const lines = (which: 'removed' | 'added'): string[] =>
    pieces.filter((piece) => piece[which]).flatMap(({ value }) => value)
  return { removed: lines('removed'), added: lines('added') }
}

/** Machines whose changes are the same but for their own names and addresses; the largest group first. */
export function groupsOf(changed: readonly Changed[]): readonly (readonly Changed[])[] {
  const groups = new Map<string, Changed[]>()
  for (const one of changed) {
    const key = keyOf(one)
    const group = groups.get(key)
    if (group) group.push(one)
    else groups.set(key, [one])
  }
  return [...groups.values()].toSorted((a, b) => b.length - a.length)
}

function keyOf({ before, after, changes }: Changed): string {
  return JSON.stringify(
    changes.map(({ removed, added, ...rest }) => ({
      ...rest,
      removed: removed.map((line) => withoutOwn(before, line)),
      added: added.map((line) => withoutOwn(after, line)),
    })),
  )
}

/** What stands in a machine's texts because it is this one. */
function withoutOwn({ name, hostname, macs, ip, uuid }: Machine, line: string): string {
  const own: readonly (readonly [string | undefined, string])[] = [
    ...macs.flatMap((mac) =>
      [mac, mac.replaceAll(':', '-'), mac.replaceAll(':', '')].map((form) => [form, '{mac}'] as const),
    ),
    [uuid, '{uuid}'],
    [ip, '{ip}'],
    [hostname, '{hostname}'],
    [name, '{name}'],
  ]
  return own.reduce((text, [value, by]) => (value === undefined ? text : replaceWord(text, value, by)), line)
}

function replaceWord(text: string, word: string, by: string): string {
  if (!text.toLowerCase().includes(word.toLowerCase())) return text
  return text.replaceAll(new RegExp(`(?<![\\w.])${RegExp.escape(word)}(?![\\w])`, 'gi'), by)
}

/** A few words for a group: `kernel line: inst.repo; answer: url, rootpw`. */
export function summary(changes: readonly Change[]): string {
  const byPart = Map.groupBy(changes, ({ part }) => part)
  return [...byPart].map(([part, all]) => `${part}${words(part, all)}`).join('; ')
}

const most = 4

function words(part: Part, changes: readonly Change[]): string {
  if (part === 'plan') return `: ${[...changes[0]!.removed, '→', ...changes[0]!.added].join(' ')}`
  const lines = changes.flatMap(({ removed, added }) => [...removed, ...added])
  const names = [...new Set(lines.flatMap(nameIn))]
  if (names.length === 0) return ''
  return `: ${names.slice(0, most).join(', ')}${names.length > most ? ', …' : ''}`
}

/** What a line is about: its first word, without its value. */
function nameIn(line: string): string[] {
  const [, name] = /^[\s\-<"'{]*([A-Za-z][\w./-]*)/.exec(line) ?? []
  return name === undefined ? [] : [name]
}
