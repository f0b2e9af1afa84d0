import type { Command } from 'commander'
import { checkPlace } from '../app/check.ts'
import { globals, placeHere } from './context.ts'
import { findingLine } from './finding.ts'
import { count, show } from './print.ts'

/** `check`: the whole site and every machine's rendered output; for people and for CI. */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('render everything for every machine and list what is wrong; exit 1 when there is an error')
    .action(async (_options, command: Command) => {
      const result = await checkPlace(placeHere(command))
      const errors = result.findings.filter(({ severity }) => severity === 'error').length
      show(result, globals(command).json, () => text(result, errors))
      if (errors > 0) process.exitCode = 1
    })
}

function text({ machines, validators, findings }: Awaited<ReturnType<typeof checkPlace>>, errors: number): string {
  const warnings = findings.length - errors
  const asked = validators.length > 0 ? `validators: ${validators.join(', ')}` : 'no outside validator is installed'
  const end = `${count(machines, 'machine')} checked: ${count(errors, 'error')}, ${count(warnings, 'warning')} (${asked})`
  return [...findings.map(findingLine), findings.length > 0 ? '' : undefined, end]
    .filter((part) => part !== undefined)
    .join('\n')
}
