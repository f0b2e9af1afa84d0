import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { ServeOptions } from './serve.ts'

/** Why networks of our own cannot be made here; undefined when they can. */
export const noNamespaces: string | undefined = tryNamespaces()

let count = 0

/** A server and its clients in network namespaces: each client is on a wire of its own with the server, `wire0`, `wire1`… */
export class Lan implements AsyncDisposable {
  readonly #name = `birnam-dhcp-${process.pid}-${count++}`
  readonly #children: ChildProcess[] = []
  readonly clients: readonly string[]
  readonly server: string

  /** One address with its length for each wire: `10.71.0.1/24`. The client's end is called `eth0` and has no address. */
  constructor(wires: readonly string[]) {
    this.server = `${this.#name}-s`
    this.clients = wires.map((_, at) => `${this.#name}-c${at}`)
    for (const name of [this.server, ...this.clients]) {
      ip('netns', 'add', name)
      ip('-n', name, 'link', 'set', 'lo', 'up')
    }
    for (const [at, address] of wires.entries()) {
      ip(
        '-n',
        this.server,
        'link',
        'add',
        `wire${at}`,
        'type',
        'veth',
        'peer',
        'name',
        'eth0',
        'netns',
        this.clients[at]!,
      )
      ip('-n', this.server, 'addr', 'add', address, 'dev', `wire${at}`)
      ip('-n', this.server, 'link', 'set', `wire${at}`, 'up')
      ip('-n', this.clients[at]!, 'link', 'set', 'eth0', 'up')
    }
  }

  macOf(client: number): string {
    const link = spawnSync('ip', ['-n', this.clients[client]!, '-j', 'link', 'show', 'eth0'], { encoding: 'utf8' })
    return (JSON.parse(link.stdout) as { address: string }[])[0]!.address
  }

  /** Runs a program to its end in a client's namespace. */
  run(client: number, ...command: readonly string[]): { readonly status: number | null; readonly text: string } {
    const done = spawnSync('ip', ['netns', 'exec', this.clients[client]!, ...command], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    return { status: done.status, text: done.stdout + done.stderr }
  }

  ip(client: number, ...words: readonly string[]): void {
    ip('-n', this.clients[client]!, ...words)
  }

  /** Makes a switch of the server's ends of all wires, with an address of the server on it. */
  async switch(address: string): Promise<void> {
    ip('-n', this.server, 'link', 'add', 'switch', 'type', 'bridge', 'mcast_snooping', '0')
    for (const at of this.clients.keys()) ip('-n', this.server, 'link', 'set', `wire${at}`, 'master', 'switch')
    ip('-n', this.server, 'address', 'add', address, 'dev', 'switch')
    ip('-n', this.server, 'link', 'set', 'switch', 'up')
    const show = ['-n', this.server, 'link', 'show', 'switch']
    const isUp = (): boolean => spawnSync('ip', show, { encoding: 'utf8' }).stdout.includes('state UP')
    // Its carrier comes a moment later; until then the system tells of no address on it.
    for (let tries = 0; tries < 100 && !isUp(); tries++) await new Promise((resolve) => setTimeout(resolve, 50))
  }

  /** Starts a program in a namespace; it is ended with the lan. */
  start(namespace: string, ...command: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#children.push(child)
    return child
  }

  /** Starts a server, under other programs (`chrt`, `taskset`) if wanted; resolves when it listens. */
  async serve(options: ServeOptions, under: readonly string[] = []): Promise<Served> {
    const script = new URL('serve.ts', import.meta.url).pathname
    const node = [process.execPath, '--disable-warning=ExperimentalWarning']
    const child = this.start(this.server, ...under, ...node, script, JSON.stringify(options))
    const served = new Served(child)
    await served.ready
    return served
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map((child) => end(child)))
    for (const name of [this.server, ...this.clients]) spawnSync('ip', ['netns', 'del', name])
  }
}

/** A server process, and the events that it told. */
export class Served {
  readonly child: ChildProcess
  readonly events: {
    readonly type: string
    readonly address?: string
    readonly interface?: string
    readonly why?: string
  }[] = []
  readonly ready: Promise<void>

  constructor(child: ChildProcess) {
    this.child = child
    const lines = createInterface({ input: child.stdout! })
    this.ready = new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
      lines.on('line', (line) => {
        if (line === 'ready') resolve()
        else this.events.push(JSON.parse(line) as { type: string })
      })
    })
  }

  types(): readonly string[] {
    return this.events.map(({ type }) => type)
  }

  async seen(type: string, times = 1): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      if (this.types().filter((one) => one === type).length >= times) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`no ${type} among ${this.types().join(' ')}`)
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    await end(this.child, signal)
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await gone
}

function ip(...words: readonly string[]): void {
  const done = spawnSync('ip', words, { encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`ip ${words.join(' ')}: ${done.stderr}`)
}

function tryNamespaces(): string | undefined {
  const name = `birnam-dhcp-try-${process.pid}`
  const made = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' })
  if (made.error) return 'no ip command'
  if (made.status !== 0) return made.stderr.trim()
  spawnSync('ip', ['netns', 'del', name])
  return undefined
}
