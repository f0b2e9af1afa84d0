import { fileURLToPath } from 'node:url'
import { run, type Child } from './child.ts'
import type { Lan } from './network.ts'
import type { LabSite } from './site.ts'

const birnam = fileURLToPath(new URL('../../tools/birnam', import.meta.url))

/** `birnam serve` in the server's namespace, as a program of its own. */
export interface BirnamServer extends AsyncDisposable {
  readonly pid: number
  /** Banner and log so far. */
  readonly text: string
  /** Waits until banner or log say so, looking at all of them. */
  says(pattern: RegExp, seconds?: number): Promise<RegExpExecArray>
  /** Runs another command of Birnam on the same site and data, and returns what it printed. */
  command(...words: readonly string[]): Promise<string>
  /** SIGTERM; fails when it takes more than 5 s or ends with an error. */
  stop(): Promise<void>
  /** kill -9. */
  crash(): Promise<void>
}

/** Starts Birnam on the site and waits until its banner says that it is ready. */
export async function serve(lan: Lan, site: LabSite): Promise<BirnamServer> {
  const place = ['--site', site.directory, '--data', site.data]
  const env = { NO_COLOR: '1' }
  const child = lan.server.start([birnam, 'serve', '--verbose', ...place], { env })
  try {
    await child.sees(/^Ready\./m, 60)
  } catch (error) {
    await child[Symbol.asyncDispose]()
    throw error
  }
  return {
    pid: child.pid,
    get text() {
      return child.text
    },
    says: (pattern, seconds = 30) => child.sees(pattern, seconds),
    command: (...words) => run(lan.server.enter([birnam, ...words, ...place]), { env }),
    stop: () => stop(child),
    crash: async () => void (await child.stop('SIGKILL')),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

async function stop(child: Child): Promise<void> {
  const code = await child.stop('SIGTERM', 5)
  if (code !== 0) throw new Error(`birnam ended with ${code} after SIGTERM:\n${child.text.slice(-3000)}`)
}
