import type { Machine } from '../config/site.ts'
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

/** A text by which machines are compared: without what stands in it because it is this one's, its scripts in base64 read. */
export function withoutOwn(text: string, machine: Machine, more: readonly (string | undefined)[]): string {
  const { name, hostname, macs, ip, ip6, uuid, serial } = machine
  const cards = macs.flatMap((mac) => [mac, mac.replaceAll(':', '-'), mac.replaceAll(':', '')])
  const own = [...more, uuid, serial, ...cards, ip6, ip, hostname, name].filter(
    (word) => word !== undefined && word !== '',
  )
  const plain = text.replaceAll(/[A-Za-z0-9+/]{40,}={0,2}/g, (word) => Buffer.from(word, 'base64').toString('latin1'))
  return own.reduce<string>((left, word) => left.replaceAll(word!, '{own}'), plain)
}
