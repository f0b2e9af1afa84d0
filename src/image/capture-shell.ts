import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { Fault } from '../fault.ts'
import { printable } from './tar-entry.ts'

/** Reads a line, runs it, reads the next: `read` takes single bytes, so what follows a line is left for the command on it. */
const loop = 'while IFS= read -r line; do eval "$line"; done'

/** A shell on this host. */
export function localShell(): string[] {
  return ['sh', '-c', loop]
}

export interface SshOptions {
  /** `porter`, `root@porter`, as ssh takes it. */
  readonly host: string
  readonly port?: number
  readonly identity?: string
  /** Each as after `ssh -o`. */
  readonly options?: readonly string[]
  /** The program and its first words; `ssh` when not given. */
  readonly command?: readonly string[]
  /** Runs the shell there as root: `sudo -n`. */
  readonly become?: string
  /** Whether a person sits there who can type a password. */
  readonly interactive?: boolean
}

/** A shell on another host. Throws `request-invalid` for a host that ssh would take for an option. */
export function sshShell({
  host,
  port,
  identity,
  options = [],
  command = ['ssh'],
  become,
  interactive,
}: SshOptions): string[] {
  if (!/^[A-Za-z0-9_.@:[\]%+-]+$/.test(host) || host.startsWith('-'))
    throw new Fault('request-invalid', `${JSON.stringify(host)} is no host`, { hint: 'write HOST or USER@HOST' })
  const told = [
    // Whole files pass: the quick ciphers first, and no compression under ours.
    'Ciphers=^aes128-gcm@openssh.com,aes256-gcm@openssh.com',
    'Compression=no',
    'ServerAliveInterval=15',
    'ServerAliveCountMax=4',
    ...(interactive ? [] : ['BatchMode=yes']),
  ]
  return [
    ...command,
    '-T',
    '-x',
    '-a',
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(identity === undefined ? [] : ['-i', identity]),
    // Of two values for one option ssh takes the first: the person's.
    ...[...options, ...told].flatMap((option) => ['-o', option]),
    '--',
    host,
    `${become === undefined ? '' : `${become} `}sh -c ${quote(loop)}`,
  ]
}

/** One word for a shell, whatever bytes it holds. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_./=:,%+@-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** A shell that is told one line after the other, and what it prints as one flow of bytes. */
export class Shell implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #ended: Promise<number>
  readonly #lines: string[] = []
  #dropped = 0
  #back: Uint8Array | undefined

  constructor(words: readonly string[], signal?: AbortSignal) {
    this.#child = spawn(words[0]!, words.slice(1), { stdio: ['pipe', 'pipe', 'pipe'], ...(signal && { signal }) })
    this.#child.stdin.on('error', () => undefined)
    this.#chunks = this.#child.stdout[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
    this.#hear()
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#lines.push(error.message)
        resolve(127)
      })
      this.#child.once('close', (code) => resolve(code ?? 255))
    })
  }

  /** What it said on its standard error, line by line; of very many the first ones. */
  get complaints(): readonly string[] {
    return this.#dropped > 0 ? [...this.#lines, `… and ${this.#dropped} lines more`] : this.#lines
  }

  say(bytes: string | Uint8Array): void {
    this.#child.stdin.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** Nothing more will be said. */
  done(bytes: string | Uint8Array): void {
    this.#child.stdin.end(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  async next(): Promise<Uint8Array | undefined> {
    const back = this.#back
    this.#back = undefined
    if (back) return back
    const { value, done } = await this.#chunks.next()
    return done ? undefined : value
  }

  /** Gives back what belongs to the next reader. */
  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#back = bytes
  }

  /** Its exit code, after all that it printed has been read. */
  get ended(): Promise<number> {
    return this.#ended
  }

  /** Why it went away before its time, as one sentence. */
  async failure(what: string): Promise<Fault> {
    const code = await this.#ended
    const said = this.#lines.filter((line) => line.trim() !== '').slice(-3)
    const why = said.length > 0 ? said.map((line) => printable(line)).join(' · ') : `it ended with ${code}`
    return new Fault('capture-failed', `${what}: ${why}`, {
      hint: 'nothing was kept; the earlier versions are untouched',
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.destroy()
    this.#child.stdout.destroy()
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill()
    await this.#ended
  }

  #hear(): void {
    let rest = ''
    this.#child.stderr.setEncoding('latin1').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!.slice(-65536)
      for (const line of lines.map((one) => one.replace(/\r$/, ''))) {
        if (this.#lines.length < 20_000) this.#lines.push(line)
        else this.#dropped++
      }
    })
    this.#child.stderr.on('end', () => rest !== '' && this.#lines.push(rest))
  }
}
