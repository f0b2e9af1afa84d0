import type { Finding } from './finding.ts'

/** A finding with how many others say the same of other machines or other lines. */
export interface GroupedFinding extends Finding {
  readonly more: number
}

/** Findings that differ in their machine or line alone are one, the first of them; in their order. */
export function grouped(findings: readonly Finding[]): readonly GroupedFinding[] {
  const groups = Map.groupBy(findings, keyOf)
  return [...groups.values()].map((all) => ({ ...all[0]!, more: all.length - 1 }))
}

function keyOf({ severity, machine, message, file, line, hint }: Finding): string {
  // A template's line is the place of the mistake; of a list of machines it is just where each of them stands.
  const place = machine === undefined ? '' : `:${line}`
  return JSON.stringify([severity, file?.endsWith('.yaml') ? file : `${file}${place}`, alike(message, machine), hint])
}

/** Without what stands there because it is this one: its name, the number of its item in a list. */
function alike(message: string, machine: string | undefined): string {
  const text = message.replaceAll(/\[\d+\]/g, '[]').replaceAll(/\.yaml:\d+/g, '.yaml')
  if (machine === undefined) return text
  return text.replaceAll(new RegExp(`(?<![\\w.-])${RegExp.escape(machine)}(?![\\w-])`, 'g'), '{machine}')
}
