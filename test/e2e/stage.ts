import type { Forecast } from '../../src/api/explain.ts'
import type { FirmwareName } from '../../src/api/firmware.ts'
import type { Trace } from '../../src/api/trace/trace.ts'
import { advertise } from '../lab/advertise.ts'
import { switchOn, type Machine, type MachineOptions } from '../lab/machine.ts'
import { tellWhenFailed } from '../lab/failed.ts'
import { openLan, type Lan } from '../lab/network.ts'
import { serve, type BirnamServer } from '../lab/server.ts'
import { rootless } from './wire.ts'
import { duncan, openSite, type LabSite, type LabSiteOptions } from '../lab/site.ts'

/** A LAN with Birnam on it, serving a site. Machines are switched on, watched, and gone with it. */
export interface Stage extends AsyncDisposable {
  readonly lan: Lan
  readonly site: LabSite
  readonly server: BirnamServer
  /** Duncan, unless another MAC is given. */
  boot(options?: Partial<MachineOptions>): Promise<Machine>
  /** The last boot of the machine, or the one of that session, as `birnam trace` retells it. */
  trace(name: string, session?: string): Promise<Trace>
  /** The names that `birnam explain` says the machine will ask for. */
  forecast(name: string, firmware: FirmwareName): Promise<string[]>
}

export async function openStage(
  options: LabSiteOptions = {},
  before: (site: LabSite) => Promise<void> = () => Promise.resolve(),
  network: (lan: Lan) => Promise<void> = advertise,
): Promise<Stage> {
  await using opening = new AsyncDisposableStack()
  const site = opening.use(await openSite(options))
  await before(site)
  const lan = opening.use(await openLan())
  await network(lan)
  const server = opening.use(await serve(lan, site))
  const opened = opening.move()
  tellWhenFailed(server)
  return {
    lan,
    site,
    server,
    boot: async (machine) => opened.use(await switchOn(lan, { mac: duncan.mac, ...machine })),
    trace: async (name, session) =>
      readTrace(
        await server.command('trace', name, ...(session === undefined ? [] : ['--session', session]), '--json'),
      ),
    forecast: async (name, firmware) => {
      const { names }: Forecast = JSON.parse(await server.command('explain', name, '--firmware', firmware, '--json'))
      return names.map((line) => rootless(line.name))
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

function readTrace(text: string): Trace {
  const trace: Trace = JSON.parse(text)
  return trace
}

/** The types of a trace's events in their order; files with their names, as they went out whole. */
export function story(trace: Trace): string[] {
  return trace.events.map(({ type, detail }) => (type === 'file.sent' ? `sent ${lastName(detail?.['name'])}` : type))
}

function lastName(name: unknown): string {
  return String(name).split('/').at(-1)!
}

/** The answer that the guest fetched and printed. */
export async function answerOf(machine: Machine): Promise<string> {
  const [, answer] = await machine.sees(/LAB-ANSWER-BEGIN\n([\s\S]*?)\n+LAB-ANSWER-END/)
  return answer!
}

/** What the guest prints when it has fetched duncan's answer. */
export const duncansAnswer = 'I am duncan with 52:54:00:77:00:01 at 10.77.0.11, the king.\nServed by 10.77.0.1.'

/** By itself an iPXE client gets a script; its ROM also starts PXELINUX, as a PXE ROM of any other make does. */
export const pxelinux: LabSiteOptions = { server: { loader: 'pxelinux' } }
