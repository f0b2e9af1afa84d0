import type { Command } from 'commander'
import { spawn } from 'node:child_process'
import type { AllowedUpdate } from '../api/update-allow.ts'
import { Fault } from '../fault.ts'
import { globals, placeHere, several, tellStored, withApi } from './context.ts'
import { behindSudo } from './machines.ts'
import { dated, fetching, show } from './print.ts'

interface UpdateFlags {
  readonly to?: string
  readonly ssh?: string | true
  readonly dryRun?: boolean
  readonly verify?: boolean
  readonly checksum?: boolean
  readonly exclude: readonly string[]
  readonly from?: string
  readonly full?: boolean
}

/** `update`: brings a running machine to another version of its image. */
export function addUpdate(program: Command): void {
  program
    .command('update <machine>')
    .description('bring a running machine to another version of its image: prints what to run there, for one hour')
    .option('--to <image>', 'IMAGE:VERSION; what its profile names when not given')
    .option('--ssh [user@host]', 'run it there now (default: root at the address of the machine)')
    .option('--dry-run', 'only list every path that would be removed, written or added')
    .option('--verify', 'only tell what differs from the image that the machine has')
    .option('--checksum', 'with --verify: compare contents too')
    .option('--exclude <path>', 'leave this path alone, and all below it (may be repeated)', several, [])
    .option('--from <image>', 'what the machine has, where it does not say so itself')
    .option('--full', 'write every file of the image, whatever the machine has')
    .action((name: string, flags: UpdateFlags, command: Command) => update(name, flags, command))
}

function update(name: string, flags: UpdateFlags, command: Command): Promise<void> {
  return withApi(command, async (api) => {
    if (flags.ssh !== undefined && !api.running) throw noServer(placeHere(command).data)
    const wish = { ...behindSudo(), ...(flags.to !== undefined && { to: flags.to }) }
    const allowed = await api.post<AllowedUpdate>(`/api/machines/${encodeURIComponent(name)}/update`, wish)
    const line = `${fetching(allowed.url)} | sh -s --${wordsOf(flags)
      .map((word) => ` ${quote(word)}`)
      .join('')}`
    if (flags.ssh !== undefined) return runThere(flags.ssh === true ? `root@${allowed.address}` : flags.ssh, line)
    show({ ...allowed, command: line }, globals(command).json, () =>
      [
        `${name}: may fetch ${allowed.image} until ${dated(allowed.until)} UTC. Run this on it, as root:`,
        '',
        `  ${line}`,
      ].join('\n'),
    )
    tellStored(command, api)
  })
}

function noServer(data: string): Fault {
  return new Fault(
    'not-running',
    `no server runs with the data directory ${data}, from which the machine could be updated`,
    {
      hint: 'birnam serve starts one',
    },
  )
}

function wordsOf({ dryRun, verify, checksum, exclude, from, full }: UpdateFlags): readonly string[] {
  return [
    ...(dryRun ? ['--dry-run'] : []),
    ...(verify ? ['--verify'] : []),
    ...(checksum ? ['--checksum'] : []),
    ...exclude.flatMap((path) => ['--exclude', path]),
    ...(from === undefined ? [] : ['--from', from]),
    ...(full ? ['--full'] : []),
  ]
}

function quote(word: string): string {
  return /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** Its output is shown as it comes; its exit status is ours. */
async function runThere(target: string, line: string): Promise<void> {
  if (target.startsWith('-')) throw new Fault('request-invalid', `${target} is no host`, { hint: 'write user@host' })
  // The line goes through standard input: a URL with a token is in no list of processes of this host.
  const child = spawn('ssh', ['-o', 'BatchMode=yes', target, 'sh'], { stdio: ['pipe', 'inherit', 'inherit'] })
  child.stdin.on('error', () => undefined)
  child.stdin.end(`${line}\n`)
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new Fault('request-invalid', `ssh cannot be started: ${error.message}`, { hint: 'install openssh-client' }),
      ),
    )
    child.once('close', (status) => resolve(status ?? 1))
  })
  if (code !== 0) process.exitCode = 1
}
