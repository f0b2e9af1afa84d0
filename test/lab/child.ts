import { spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:os'

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Whether something will be typed. */
  readonly typing?: boolean
}

/**
 * A program that a test started, its output as text. It ends by its own pid; the kernel ends it when the test's process dies
 * in any way (setpriv --pdeathsig), so nothing is left behind by a test that was killed.
 */
export class Child implements AsyncDisposable {
  readonly command: string
  readonly #process: ChildProcess
  readonly #ended: Promise<number>
  #raw = ''
  #watchers = new Set<() => void>()
  #code: number | undefined

  constructor(command: readonly string[], options: ChildOptions = {}) {
    this.command = command.join(' ')
    this.#process = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
      stdio: [options.typing ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
    })
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    }
    this.#ended = this.#end()
  }

  get pid(): number {
    return this.#process.pid!
  }

  /** Both outputs in the order they came, without the terminal's escape sequences. */
  get text(): string {
    // oxlint-disable-next-line no-control-regex
    return this.#raw.replace(/\x1b\[[0-9;?=]*[A-Za-z]|\x1b[()#][0-9A-Z]|\x1b[=>c78M]|[\0\r]/g, '')
  }

  /** The exit code once it has ended; 128 + n after a signal, as a shell says it. */
  get code(): number | undefined {
    return this.#code
  }

  /** The exit code, when it comes. */
  get ended(): Promise<number> {
    return this.#ended
  }

  /** Waits until the text (from `from` on) matches. Fails when the time is over or the program ended without saying it. */
  async sees(pattern: RegExp, seconds = 30, from = 0): Promise<RegExpExecArray> {
    const until = Date.now() + seconds * 1000
    for (;;) {
      const ended = this.#code !== undefined
      const found = pattern.exec(this.text.slice(from))
      if (found) return found
      if (ended) throw new Error(`${this.#name()} ended with ${this.#code} and never said ${pattern}:\n${this.#tail()}`)
      const left = until - Date.now()
      if (left <= 0) throw new Error(`${this.#name()} did not say ${pattern} in ${seconds} s:\n${this.#tail()}`)
      await this.#more(left)
    }
  }

  type(text: string): void {
    this.#process.stdin!.write(text)
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#code === undefined) this.#process.kill(signal)
  }

  /** Asks it to end, and kills it when it does not within the seconds. Returns its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', seconds = 5): Promise<number> {
    this.kill(signal)
    const timer = setTimeout(() => this.kill('SIGKILL'), seconds * 1000)
    const code = await this.#ended
    clearTimeout(timer)
    return code
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }

  #end(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    this.#process.once('error', reject)
    this.#process.once('close', (code, signal) => {
      this.#code = code ?? 128 + constants.signals[signal!]
      resolve(this.#code)
      this.#wake()
    })
    return promise
  }

  #hear(text: string): void {
    this.#raw += text
    this.#wake()
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher()
    this.#watchers.clear()
  }

  #more(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, milliseconds)
      this.#watchers.add(done)
      function done(): void {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #name(): string {
    return this.command.length > 200 ? `${this.command.slice(0, 200)}…` : this.command
  }

  #tail(): string {
    return this.text.split('\n').slice(-60).join('\n')
  }
}

/** Runs a command to its end and returns what it printed; throws with that text when it fails. */
export async function run(command: readonly string[], options: ChildOptions = {}): Promise<string> {
  await using child = new Child(command, options)
  const code = await child.ended
  if (code !== 0) throw new Error(`${child.command} ended with ${code}:\n${child.text}`)
  return child.text
}
