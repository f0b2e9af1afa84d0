import type { Command } from 'commander'
import type { Waiting } from '../api/console.ts'
import type { Finding } from '../api/finding.ts'
import type { Unnamed } from '../api/unnamed.ts'
import { archText } from '../boot/arch-text.ts'
import type { ApiClient } from './client.ts'
import { findingLine } from './finding.ts'
import type { MachineView } from '../api/desk.ts'
import type { Permit } from '../machine/permit.ts'
import { Fault } from '../fault.ts'
import { globals, several, tellStored, withApi } from './context.ts'
import { say } from './output.ts'
import { dated, paint, plain, show, table } from './print.ts'

/** `machine list`, `machine show`, `reinstall`, `withdraw`: fleets and their permits. */
export function addMachines(program: Command): void {
  const machine = program.command('machine').description('the machines of the site and their state')
  machine
    .command('list')
    .description('all machines: state, profile, address, MAC')
    .action((_options, command: Command) =>
      withApi(command, async (api) => {
        if (!globals(command).json) await tellTroubles(api)
        list(await api.get('/api/machines'), command)
      }),
    )
  machine
    .command('show <name>')
    .description('one machine and its newest permit')
    .action((name: string, _options, command: Command) =>
      withApi(command, async (api) => one(await api.get(`/api/machines/${encodeURIComponent(name)}`), command)),
    )
  machine
    .command('waiting')
    .description(
      'machines that nobody named: those that wait for it, and those that booted; what they are, as lines for the site',
    )
    .action((_options, command: Command) =>
      withApi(command, async (api) => waiting(await api.get('/api/waiting'), command)),
    )
  addReinstall(program)
  program
    .command('withdraw <machine...>')
    .description('take the permit back: the machine boots its disk')
    .action((names: string[], _options, command: Command) =>
      withApi(command, (api) =>
        each(names, api, command, async (name) => {
          const { by } = behindSudo()
          const query = by === undefined ? '' : `?by=${encodeURIComponent(by)}`
          const permit = await api.delete<Permit>(`/api/machines/${encodeURIComponent(name)}/permit${query}`)
          return { name, permit, text: `${name}: permit ${permit.id} is withdrawn` }
        }),
      ),
    )
}

interface ReinstallFlags {
  readonly to?: string
  readonly again?: boolean
  readonly disk: readonly string[]
}

function addReinstall(program: Command): void {
  program
    .command('reinstall <machine...>')
    .description('let these machines be wiped and installed once, at their next network boot')
    .option(
      '--to <profile|image>',
      'refuse unless the site gives the machine this profile; IMAGE:VERSION chooses a version',
    )
    .option(
      '--disk <name>',
      'this disk may be wiped although it holds data: serial:…, wwn:…, or any (may be repeated)',
      several,
      [],
    )
    .option('--again', 'give up an install that another boot session has claimed')
    .action((names: string[], options: ReinstallFlags, command: Command) =>
      withApi(command, async (api) => {
        if (api.running && !globals(command).json) await tellTroubles(api)
        await each(names, api, command, async (name) => {
          const { to, again, disk } = options
          const disks = disk.length > 0 && { disks: disk.join(' ') }
          const wish = { ...behindSudo(), ...(to && { to }), ...(again && { again }), ...disks }
          const { permit, made } = await api.post<{ permit: Permit; made: boolean }>(
            `/api/machines/${encodeURIComponent(name)}/reinstall`,
            wish,
          )
          const until = dated(permit.expiresAt)
          const now = api.running ? ' Boot it from the network now.' : ''
          const text = made
            ? `${name}: may be installed once with ${permit.image?.split('@')[0] ?? permit.target}, until ${until} UTC.${now}`
            : `${name}: was allowed already, by ${permit.by}, until ${until} UTC (permit ${permit.id}).`
          return { name, permit, made, text }
        })
      }),
    )
}

interface Told {
  readonly text: string
}

/** One after the other; the first mistake ends the command after what was done has been told. */
async function each<T extends Told>(
  names: readonly string[],
  api: ApiClient,
  command: Command,
  work: (name: string) => Promise<T>,
): Promise<void> {
  const { json } = globals(command)
  const done: Omit<T, 'text'>[] = []
  try {
    for (const name of names) {
      const { text, ...value } = await work(name)
      done.push(value)
      if (!json) void say(text)
    }
  } catch (error) {
    if (done.length > 0 && error instanceof Fault) throw after(error, names.slice(0, done.length))
    throw error
  } finally {
    if (done.length > 0) tellStored(command, api)
  }
  if (json) void say(JSON.stringify(done, null, 2))
}

/** Whoever reads only the mistake must know that something was done before it. */
function after({ code, message, detail }: Fault, done: readonly string[]): Fault {
  return new Fault(code, `${message}; done before it: ${done.join(', ')}`, detail)
}

function list(machines: readonly MachineView[], command: Command): void {
  const rows = machines.map(({ name, state, profile, address, macs }) => [
    name,
    state,
    profile ?? '-',
    address ?? '-',
    macs.join(' '),
  ])
  show(machines, globals(command).json, () =>
    machines.length === 0
      ? 'No machines in this site yet: write one under machines: in a YAML file of the site.'
      : table([['NAME', 'STATE', 'PROFILE', 'ADDRESS', 'MAC'], ...rows]),
  )
}

/** Who looks at the fleet should know that nothing of it boots. */
async function tellTroubles(api: ApiClient): Promise<void> {
  const { troubles = [] } = await api.get<{ troubles?: readonly Finding[] }>('/api/status')
  for (const trouble of troubles) console.error(findingLine(trouble))
}

function waiting(machines: readonly (Waiting | Unnamed)[], command: Command): void {
  show(machines, globals(command).json, () => waitingText(machines))
}

export function waitingText(machines: readonly (Waiting | Unnamed)[]): string {
  const booted = machines.filter((one) => 'booted' in one)
  const waits = machines.filter((one) => !('booted' in one))
  const first = waits.length === 0 ? ['No machine waits for a name.'] : ['machines:', ...waits.map(waitingLine)]
  const then = booted.length === 0 ? [] : ['# Booted, and nobody named them:', ...booted.map(unnamedLine)]
  return [...first, ...then].join('\n')
}

function unnamedLine({ mac, uuid, arch, address, relay, seenAt, near, digits }: Unnamed): string {
  const said = [
    `seen ${dated(seenAt)} UTC`,
    archText(arch),
    uuid,
    address,
    relay && `behind relay ${relay}`,
    near && `${digits === 1 ? 'one digit' : `${digits} digits`} away from a card of ${near}`,
  ]
  const words = said.filter((word) => word !== undefined)
  return `  - { name: NAME, mac: "${mac}" }  # ${plain(words.join(', '))}`
}

/** As it can be written into the site, once it has a name. */
function waitingLine({ mac, uuid, serial, manufacturer, product, asset, address }: Waiting): string {
  const said = [manufacturer, product, asset && `asset ${asset}`, uuid, address].filter((word) => word !== undefined)
  const more = serial === undefined ? '' : `, serial: ${JSON.stringify(plain(serial))}`
  return `  - { name: NAME, mac: "${mac}"${more} }  # ${plain(said.join(', '))}`
}

function one(machine: MachineView, command: Command): void {
  show(machine, globals(command).json, () => {
    const { name, state, profile, kind = 'local', address, macs, permit, notes = [] } = machine
    const lines = [
      paint('bold', name),
      `state    ${state}`,
      `profile  ${profile ?? '-'}`,
      `address  ${address ?? '-'}`,
      `mac      ${macs.join(' ')}`,
    ]
    const allowed = permit ? permitLines(permit) : [`permit   none: it boots ${boots[kind]}`]
    return [...lines, ...allowed, ...notes.map((note) => paint('yellow', `${plain(note)}.`))].join('\n')
  })
}

/** What a machine boots that nobody lets be installed. */
const boots: Readonly<Record<NonNullable<MachineView['kind']>, string>> = {
  local: 'its disk',
  live: 'its live system, which needs none',
  menu: 'its menu, and installs nothing from it',
  file: 'the file that the site names for it',
  install: 'its disk',
  image: 'its disk',
}

function permitLines({ id, state, target, by, createdAt, expiresAt, session, lastSeen, why }: Permit): string[] {
  const optional: [string, string | undefined][] = [
    ['session', session],
    ['seen', lastSeen],
    ['why', why],
  ]
  const head = `permit   ${id} ${state}: ${target}, by ${by} at ${dated(createdAt)}, until ${dated(expiresAt)} UTC`
  return [
    head,
    ...optional
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key.padEnd(8)} ${plain(value ?? '')}`),
  ]
}

/** The person behind sudo: told beside the user that the server sees. */
export function behindSudo(): { readonly by?: string } {
  const { SUDO_USER: by } = process.env
  return by === undefined || !/^[\w.@+\\-]{1,100}$/.test(by) ? {} : { by }
}
