import { Command, CommanderError } from 'commander'
import { readFileSync } from 'node:fs'
import { Fault, faultOf } from '../fault.ts'
import { say } from './output.ts'
import { plain } from './print.ts'

const examples = `
Examples:
  birnam serve --site /etc/birnam            answer DHCP, TFTP and HTTP for that site
  birnam check --site /etc/birnam            render everything for every machine; exit 1 when something is wrong
  birnam explain duncan --firmware uefi      what would duncan get, and where does each value come from
  birnam reinstall duncan                    let duncan be wiped once, at its next network boot
  birnam trace duncan                        duncan's last boot, step by step

Exit codes: 0 done, 1 something is wrong with what was asked or found, 2 the command line was not understood.`

interface Room {
  readonly verbs: readonly string[]
  readonly load: () => Promise<(program: Command) => void>
}

/** Where commands are made, in the order of the help. Only what is asked for is read: all of it takes four times as long. */
export const rooms: readonly Room[] = [
  { verbs: ['serve'], load: async () => (await import('./serve.ts')).addServe },
  { verbs: ['check'], load: async () => (await import('./check.ts')).addCheck },
  { verbs: ['diff'], load: async () => (await import('./diff.ts')).addDiff },
  { verbs: ['explain', 'trace'], load: async () => (await import('./forecasts.ts')).addForecasts },
  { verbs: ['machine', 'reinstall', 'withdraw'], load: async () => (await import('./machines.ts')).addMachines },
  { verbs: ['update'], load: async () => (await import('./update.ts')).addUpdate },
  { verbs: ['image'], load: async () => (await import('./image.ts')).addImage },
  { verbs: ['imager'], load: async () => (await import('./imager.ts')).addImager },
  { verbs: ['token'], load: async () => (await import('./token.ts')).addToken },
  { verbs: ['distro'], load: async () => (await import('./distro.ts')).addDistro },
  { verbs: ['import'], load: async () => (await import('./import.ts')).addImport },
  { verbs: ['apply', 'export', 'status', 'leases'], load: async () => (await import('./site.ts')).addSite },
  { verbs: ['backup', 'restore'], load: async () => (await import('./backup.ts')).addBackup },
  { verbs: ['dhcp-snippet'], load: async () => (await import('./dhcp-snippet.ts')).addDhcpSnippet },
]

/** The one that has the command's name; all for a name that none has, and for help. */
function roomsOf(argv: readonly string[]): readonly Room[] {
  const words = argv
    .slice(2)
    .filter((word, at, all) => !word.startsWith('-') && !/^--(?:site|data)$/.test(all[at - 1] ?? ''))
  const name = words[0] === 'help' ? words[1] : words[0]
  const named = rooms.filter(({ verbs }) => verbs.includes(name ?? ''))
  return named.length > 0 ? named : rooms
}

/** The whole command line. Returns the exit code; prints one sentence for each mistake. */
export async function run(argv: readonly string[]): Promise<number> {
  const program = new Command('birnam')
    .description('Netboot server for fleets: DHCP and PXE, boot files, menus and unattended answers for each machine.')
    .option('--site <dir>', 'the site directory (BIRNAM_SITE; default: here if birnam.yaml is here, else the example)')
    .option('--data <dir>', 'the data directory (BIRNAM_DATA; default: beside the site)')
    .option('--json', 'print for programs')
    .addHelpText('after', examples)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => {} })
  // `distro import --version 13` is about the distribution, and the program's own would be heard wherever it stands.
  if (!argv.includes('distro')) program.version(version())
  for (const add of await Promise.all(roomsOf(argv).map(({ load }) => load()))) add(program)
  addHelp(program)
  tellMistakes(program)
  try {
    await program.parseAsync([...argv])
    return Number(process.exitCode ?? 0)
  } catch (error) {
    return report(error, argv.includes('--json'))
  }
}

/** Each command's mistakes become Faults that say where there is help. */
function tellMistakes(command: Command, path = 'birnam'): void {
  command.exitOverride((error) => {
    if (error.exitCode === 0 || error.code === 'commander.help') throw error
    const [what = '', ...more] = error.message
      .replace(/^error: /, '')
      .trim()
      .split('\n')
    const meant = more.map((line) => line.replace(/^\(Did you mean (.*)\?\)$/, 'did you mean $1?'))
    throw new Fault('request-invalid', what, { hint: [...meant, `${path} --help tells more`].join(' '), cause: error })
  })
  for (const inner of command.commands) tellMistakes(inner, `${path} ${inner.name()}`)
}

function addHelp(program: Command): void {
  program
    .helpCommand(false)
    .command('help [command...]')
    .description('what a command does and which options it takes')
    .action((names: string[]) => {
      let command = program
      for (const name of names) {
        const inner = command.commands.find((one) => one.name() === name)
        if (!inner) command.error(`error: unknown command '${name}'`)
        else command = inner
      }
      command.outputHelp()
    })
}

/** 2 for a command line that was not understood, 1 for everything else that is wrong. */
function report(error: unknown, json: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const fault = faultOf(error) ?? mistakeOfOurs(error)
  const { cause, ...detail } = fault.detail
  if (json) void say(JSON.stringify({ error: { code: fault.code, message: fault.message, ...detail } }, null, 2))
  else console.error(`birnam: ${plain(fault.toString())}`)
  if (fault.code === 'internal' && fault !== error) console.error(cause)
  return cause instanceof CommanderError ? 2 : 1
}

function mistakeOfOurs(error: unknown): Fault {
  const hint = 'a mistake in Birnam itself; please report it with the lines below'
  return new Fault('internal', error instanceof Error ? error.message : String(error), { hint, cause: error })
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
