import type { Command } from 'commander'
import { checkPlace } from '../app/check.ts'
import { globals, placeHere } from './context.ts'
import { grouped } from '../api/check-groups.ts'
import { Fault } from '../fault.ts'
import { findingLine } from './finding.ts'
import { progressLine } from './progress-line.ts'
import { count, show } from './print.ts'

/** `check`: the whole site and every machine's rendered output; for people and for CI. */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('render everything for every machine and list what is wrong; exit 1 when there is an error')
    .action(async (_options, command: Command) => {
      const place = placeHere(command)
      if (place.example) throw noSite()
      const { json } = globals(command)
      using progress = progressLine('checked')
      const result = await checkPlace(place, (done, all) => progress.tell(done, all))
      progress.clear()
      const errors = result.findings.filter(({ severity }) => severity === 'error').length
      show(result, json, () => text(result, errors))
      if (errors > 0) process.exitCode = 1
    })
}

/** Whoever stands in the wrong directory would be told that all is well with the example. */
function noSite(): Fault {
  const hint = 'go to the directory that holds birnam.yaml, or name it with --site DIR or BIRNAM_SITE'
  return new Fault('request-invalid', 'no site is here: there is no birnam.yaml in this directory', { hint })
}

function text({ machines, validators, findings }: Awaited<ReturnType<typeof checkPlace>>, errors: number): string {
  const warnings = findings.length - errors
  const asked = validators.length > 0 ? `validators: ${validators.join(', ')}` : 'no outside validator is installed'
  const end = `${count(machines, 'machine')} checked: ${count(errors, 'error')}, ${count(warnings, 'warning')} (${asked})`
  return [...grouped(findings).map(findingLine), findings.length > 0 ? '' : undefined, end]
    .filter((part) => part !== undefined)
    .join('\n')
}
