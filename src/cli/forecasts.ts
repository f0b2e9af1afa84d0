import { Option, type Command } from 'commander'
import type { Forecast } from '../api/explain.ts'
import { firmwares } from '../api/firmware.ts'
import type { Trace } from '../api/trace/trace.ts'
import { globals, withApi } from './context.ts'
import { explainText } from './explain.ts'
import { show } from './print.ts'
import { traceText } from './trace.ts'

/** `explain` looks ahead, `trace` looks back. */
export function addForecasts(program: Command): void {
  program
    .command('explain <machine>')
    .description(
      'what this machine would get if it booted now: DHCP reply, names, menu, kernel line, answer, origin of values',
    )
    .addOption(new Option('--firmware <kind>', 'the client to imagine').choices(Object.keys(firmwares)).default('bios'))
    .option('--armed', 'as if it had a permit to be installed')
    .option('--relay <address>', 'as if it asked through the DHCP relay with this address')
    .action((name: string, options: { firmware: string; armed?: boolean; relay?: string }, command: Command) =>
      withApi(command, async (api) => {
        const relay = options.relay === undefined ? '' : `&relay=${encodeURIComponent(options.relay)}`
        const query = `firmware=${options.firmware}${options.armed ? '&armed=1' : ''}${relay}`
        const forecast = await api.get<Forecast>(`/api/machines/${encodeURIComponent(name)}/explain?${query}`)
        show(forecast, globals(command).json, () => explainText(forecast))
        if (forecast.problems.length > 0) process.exitCode = 1
      }),
    )
  program
    .command('trace <machine>')
    .description(
      'the last boot of this machine, retold; where it stopped and why. By name, MAC, address, UUID or serial; also of a machine that nobody named',
    )
    .option('--session <id>', 'another boot than the last')
    .action((name: string, options: { session?: string }, command: Command) =>
      withApi(command, async (api) => {
        const query = options.session === undefined ? '' : `?session=${encodeURIComponent(options.session)}`
        const trace = await api.get<Trace>(`/api/machines/${encodeURIComponent(name)}/trace${query}`)
        show(trace, globals(command).json, () => traceText(trace))
      }),
    )
}
