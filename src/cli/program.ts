import { Command, CommanderError } from 'commander'
import { readFileSync } from 'node:fs'
import { Fault } from '../fault.ts'
import { addCheck } from './check.ts'
import { addForecasts } from './forecasts.ts'
import { addMachines } from './machines.ts'
import { addServe } from './serve.ts'
import { addSite } from './site.ts'

const examples = `
Examples:
  birnam serve --site /etc/birnam            answer DHCP, TFTP and HTTP for that site
  birnam check --site /etc/birnam            render everything for every machine; exit 1 when something is wrong
  birnam explain duncan --firmware uefi      what would duncan get, and where does each value come from
  birnam reinstall duncan                    let duncan be wiped once, at its next network boot
  birnam trace duncan                        duncan's last boot, step by step

Exit codes: 0 done, 1 something is wrong with what was asked or found, 2 the command line was not understood.`

/** The whole command line. Returns the exit code; prints one sentence for each mistake. */
export async function run(argv: readonly string[]): Promise<number> {
  const program = new Command('birnam')
    .description('Netboot server for fleets: DHCP and PXE, boot files, menus and unattended answers for each machine.')
    .version(version())
    .option('--site <dir>', 'the site directory (BIRNAM_SITE; default: here if birnam.yaml is here, else the example)')
    .option('--data <dir>', 'the data directory (BIRNAM_DATA; default: beside the site)')
    .option('--json', 'print for programs')
    .addHelpText('after', examples)
    .showHelpAfterError('(birnam --help shows the commands)')
    .exitOverride()
  for (const add of [addServe, addCheck, addForecasts, addMachines, addSite]) add(program)
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`(birnam help ${command.name()} tells more)`)
  try {
    await program.parseAsync([...argv])
    return Number(process.exitCode ?? 0)
  } catch (error) {
    return report(error, program.opts<{ json?: boolean }>().json)
  }
}

function report(error: unknown, json: boolean | undefined): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (!(error instanceof Fault)) throw error
  if (json)
    console.log(
      JSON.stringify(
        { error: { code: error.code, message: error.message, ...error.detail, cause: undefined } },
        null,
        2,
      ),
    )
  else console.error(`birnam: ${error.toString()}`)
  return 1
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
