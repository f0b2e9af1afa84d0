import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Programs on a core of their own (or several: `0-1`), in the real-time class, so that other work on the machine disturbs less. */
export class Programs implements AsyncDisposable {
  readonly #started: ChildProcess[] = []

  start(core: number | string, command: readonly string[], prefix: readonly string[] = []): ChildProcess {
    mustBeThere(command[0]!)
    const [program, ...args] = [...prefix, 'chrt', '-r', '1', 'taskset', '-c', String(core), ...command]
    return this.#keep(spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] }))
  }

  /** Spins in the idle class: a virtual core that halts takes long to wake, which is not what is measured. */
  stayAwake(core: number): void {
    const args = ['-i', '0', 'taskset', '-c', String(core), 'sh', '-c', 'while :; do :; done']
    this.#keep(spawn('chrt', args, { stdio: 'ignore' }))
  }

  /** Runs to the end and returns what it printed. */
  async output(core: number | string, command: readonly string[], prefix: readonly string[] = []): Promise<string> {
    const child = this.start(core, command, prefix)
    let text = ''
    child.stdout!.on('data', (piece: Buffer) => (text += piece.toString()))
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`${command.join(' ').slice(0, 80)} ended with ${String(code)}`)
    return text
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#started.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
  }

  #keep(child: ChildProcess): ChildProcess {
    this.#started.push(child)
    return child
  }
}

/** Peers that the tests do without, by the Debian packages that bring them. */
const packages: Readonly<Record<string, string>> = { nginx: 'nginx-light', 'in.tftpd': 'tftpd-hpa' }

function mustBeThere(program: string): void {
  const folders = program.includes('/') ? [''] : [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin']
  if (folders.some((folder) => existsSync(join(folder, program)))) return
  throw new Error(`${program} is not installed: it is in Debian's package ${packages[program] ?? program}`)
}

/** User and system seconds so far, children that ended included (proc(5), fields 14 to 17; 100 ticks a second). */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / 100
}
