import type { Command } from 'commander'
import type { Change } from '../api/alike.ts'
import type { Alike, Comparison } from '../app/compare.ts'
import { globals, placeHere } from './context.ts'
import { count, paint, plain, show } from './print.ts'

/** `diff`: what a change of the site does to which machines; for people before they apply, and for CI before a merge. */
export function addDiff(program: Command): void {
  program
    .command('diff <rev|dir>')
    .description(
      'what every machine would get now, against a revision or a copy of the site; machines that change alike together',
    )
    .option('--exit-code', 'exit 1 when anything is different')
    .action(async (other: string, flags: { readonly exitCode?: boolean }, command: Command) => {
      const { compare } = await import('../app/compare.ts')
      const result = await compare(other, placeHere(command), progress())
      show(result, globals(command).json, () => text(result))
      if (flags.exitCode && isDifferent(result)) process.exitCode = 1
    })
}

function progress(): ((done: number, of: number) => void) | undefined {
  if (!process.stderr.isTTY) return undefined
  return (done, of) => {
    if (done % 50 === 0 || done === of)
      process.stderr.write(done === of ? '\r\x1b[K' : `\r${done} of ${count(of, 'machine')}`)
  }
}

function isDifferent({ groups, added, removed }: Comparison): boolean {
  return groups.length + added.length + removed.length > 0
}

function text(result: Comparison): string {
  const { groups, added, removed, machines } = result
  if (!isDifferent(result)) return `Nothing is different for ${count(machines, 'machine')}.`
  const changed = groups.reduce((sum, group) => sum + group.machines.length, 0)
  const only = [listed('new', added), listed('gone', removed)].flat()
  const same = machines - changed - added.length
  return [...groups.map(groupText), ...only, `${count(same, 'machine')} as before.`].join('\n\n')
}

function groupText({ what, machines, changes }: Alike): string {
  const head = paint('bold', `${count(machines.length, 'machine')}: ${plain(what)}`)
  return [head, `  ${names(machines)}`, ...changes.flatMap((change) => changeLines(change, machines))].join('\n')
}

function changeLines({ part, firmware, removed, added }: Change, machines: readonly string[]): string[] {
  const of = machines.length > 1 ? `, as for ${machines[0]}` : ''
  return [
    `  ${part} (${firmware.join(', ')})${of}:`,
    ...removed.map((line) => paint('red', `    - ${plain(line)}`)),
    ...added.map((line) => paint('green', `    + ${plain(line)}`)),
  ]
}

const most = 12

function names(machines: readonly string[]): string {
  const rest = machines.length - most
  return rest > 0 ? `${machines.slice(0, most).join(', ')} and ${rest} more` : machines.join(', ')
}

function listed(what: string, machines: readonly string[]): string[] {
  return machines.length === 0
    ? []
    : [`${paint('bold', `${count(machines.length, 'machine')} ${what}:`)} ${names(machines)}`]
}
