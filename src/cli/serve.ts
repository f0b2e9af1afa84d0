import type { Command } from 'commander'
import type { Server } from '../app/server.ts'
import { Fault } from '../fault.ts'
import type { Listener } from '../app/listeners.ts'
import { bannerText, listensAtAll } from './banner.ts'
import { globals, placeHere } from './context.ts'
import { say } from './output.ts'

/** `serve`: all listeners, until SIGTERM or SIGINT; then stopped in order within five seconds. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('answer DHCP, TFTP and HTTP for the site, until SIGTERM')
    .option('--verbose', 'log every event, not only the ones a person waits for')
    .action(async (options: { verbose?: boolean }, command: Command) => {
      // The other commands need none of the listeners, and start sooner without them.
      const { openServer } = await import('../app/server.ts')
      const place = placeHere(command)
      // Before anything opens: whoever reads the banner may stop the server in the same moment.
      using signals = new Signals()
      const server = await openServer(place, { verbose: options.verbose === true })
      const { json } = globals(command)
      const listens = listensAtAll(server.listeners)
      if (!json) void say(bannerText(place, server.listeners, server.site(), server.troubles()))
      else if (listens) void say(JSON.stringify(server.listeners))
      if (listens) return await untilStopped(server, signals)
      await server.close('nothing listens')
      throw nothingListens(server.listeners, json === true)
    })
}

/** A person has read the reasons in the banner; a program gets one document. */
function nothingListens(listeners: readonly Listener[], whole: boolean): Fault {
  const what = 'nothing listens: neither HTTP nor TFTP nor DHCP'
  if (!whole) return new Fault('not-permitted', what, { hint: 'each line above says why, and what to do' })
  const shut = listeners.filter(({ state }) => state === 'off')
  return new Fault('not-permitted', `${what}: ${shut.map(({ name, why }) => `${name}: ${why}`).join('; ')}`, {
    hint: shut.map(({ name, hint }) => `${name}: ${hint}`).join('; '),
  })
}

async function untilStopped(server: Server, signals: Signals): Promise<void> {
  signals.onHangUp = () => server.reload()
  const signal = await signals.stop
  const impatient = setTimeout(() => process.exit(1), 4500)
  await server.close(signal)
  clearTimeout(impatient)
}

/** The first SIGTERM or SIGINT stops in order; a second one ends the process at once. SIGHUP reads the site again. */
class Signals implements Disposable {
  readonly stop: Promise<NodeJS.Signals>
  onHangUp: () => void = () => {}
  readonly #stopping: (signal: NodeJS.Signals) => void
  readonly #hangUp = (): void => this.onHangUp()

  constructor() {
    const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
    this.stop = promise
    this.#stopping = (signal) => {
      this.#forget()
      resolve(signal)
    }
    process.on('SIGTERM', this.#stopping).on('SIGINT', this.#stopping).on('SIGHUP', this.#hangUp)
  }

  #forget(): void {
    process.off('SIGTERM', this.#stopping).off('SIGINT', this.#stopping)
  }

  [Symbol.dispose](): void {
    this.#forget()
    process.off('SIGHUP', this.#hangUp)
  }
}
