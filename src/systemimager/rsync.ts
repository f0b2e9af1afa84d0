import { constants, existsSync, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import { Fault } from '../fault.ts'
import { completedAddress, readRsyncLog } from './rsync-conf.ts'
import { confPath, logPath, treesIn, writeRsyncFiles, type RsyncPlace } from './rsync-files.ts'

const program = '/usr/bin/rsync'
const setpriv = '/usr/bin/setpriv'

export interface RsyncListener {
  /** Somebody at `peer` says that the machine at `address` has its image. */
  onComplete(address: string, peer: string): void
  /** The daemon ended by itself; it is started again. */
  onEnded(why: string): void
  /** What the modules show could not be brought up to date. */
  onError(error: unknown): void
}

export interface Rsyncd {
  readonly counters: Readonly<Record<string, number>>
  /** After a change of the site. */
  update(place: RsyncPlace): void
  close(): Promise<void>
}

const lookAgain = 5000
const restartAfter = 2000

/** A stock rsync daemon, for those who have SystemImager's clients. Throws `port-taken`, `not-permitted` and `request-invalid`. */
export async function openRsync(place: RsyncPlace, listener: RsyncListener): Promise<Rsyncd> {
  if (!existsSync(program))
    throw new Fault('request-invalid', 'rsync is not installed', {
      hint: 'apt-get install rsync, or take systemimager.rsync out of birnam.yaml',
    })
  if (process.getuid?.() !== 0)
    throw new Fault('not-permitted', 'files of images can only be read by root', {
      hint: 'run birnam serve as root, or take systemimager.rsync out of birnam.yaml',
    })
  writeRsyncFiles(place)
  const log = await openPipe(logPath(place.data))
  const daemon = new Daemon(confPath(place.data), log.fd, listener)
  createInterface({ input: log.socket }).on('line', (line) => daemon.hear(line))
  try {
    await daemon.start()
  } catch (error) {
    log.socket.destroy()
    throw error
  }
  let now = place
  let trees = treesIn(place.data).join('\n')
  const rewrite = (next: RsyncPlace): void => {
    try {
      writeRsyncFiles(next)
    } catch (error) {
      listener.onError(error)
    }
  }
  const looking = setInterval(() => {
    const found = treesIn(now.data).join('\n')
    if (found === trees) return
    trees = found
    rewrite(now)
  }, lookAgain)
  return {
    counters: daemon.counters,
    update(next) {
      now = next
      rewrite(next)
    },
    async close() {
      clearInterval(looking)
      await daemon.stop()
      log.socket.destroy()
    },
  }
}

/** Open for both ways, so that it has no end while no daemon writes. */
async function openPipe(path: string): Promise<{ readonly fd: number; readonly socket: Socket }> {
  rmSync(path, { force: true })
  await execa('mkfifo', ['-m', '600', path])
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  return { fd, socket: new Socket({ fd, readable: true, writable: false }) }
}

/** The process, with those that it makes for each client. */
class Daemon {
  readonly counters = { asked: 0, denied: 0, complete: 0, restarts: 0 }
  readonly #conf: string
  readonly #log: number
  readonly #listener: RsyncListener
  #pid: number | undefined
  #ended: Promise<void> = Promise.resolve()
  #onListening: () => void = () => {}
  #last = ''
  #stopping = false
  #again: NodeJS.Timeout | undefined

  constructor(conf: string, log: number, listener: RsyncListener) {
    this.#conf = conf
    this.#log = log
    this.#listener = listener
  }

  /** Returns when it listens. */
  async start(): Promise<void> {
    const { promise: listening, resolve } = Promise.withResolvers<void>()
    this.#onListening = resolve
    const ended = this.#run()
    this.#ended = ended.then(() => {})
    const failed = ended.then((said) => {
      throw faultOf(said)
    })
    failed.catch(() => {})
    await Promise.race([listening, failed])
    void ended.then((said) => this.#restart(said))
  }

  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#again)
    this.#kill('SIGTERM')
    const late = setTimeout(() => this.#kill('SIGKILL'), 1500)
    await this.#ended
    clearTimeout(late)
  }

  /** Until it ends; what it said last. */
  async #run(): Promise<string> {
    const words = [program, '--daemon', '--no-detach', `--config=${this.#conf}`]
    // Should this process be killed, the daemon does not outlive it.
    const [file, ...rest] = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'TERM', ...words] : words
    // It holds the reading end of its log as well: without a reader it would hang in its last words, should this process be gone.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- execa's types know the first few numbers of files only
    const stdio = ['ignore', 'pipe', 'pipe', this.#log as 3] as const
    const child = execa(file!, rest, { reject: false, stdio, all: true, maxBuffer: 10_000, detached: true })
    this.#pid = child.pid
    const { all } = await child
    // What it was doing for clients ends with it.
    this.#kill('SIGTERM')
    this.#pid = undefined
    return (all ?? '').trim().split('\n').at(-1) || this.#last
  }

  /** A line of its log. */
  hear(line: string): void {
    this.#last = line
    const said = readRsyncLog(line)
    switch (said?.kind) {
      case undefined:
        return
      case 'listening':
        return this.#onListening()
      case 'denied':
        this.counters.denied++
        return
      case 'asked':
        this.counters.asked++
        return this.#asked(said.path, said.peer)
    }
  }

  #asked(path: string, peer: string): void {
    const address = completedAddress(path)
    if (address === undefined) return
    this.counters.complete++
    this.#listener.onComplete(address, peer)
  }

  #restart(why: string): void {
    if (this.#stopping) return
    this.#listener.onEnded(why)
    this.#again = setTimeout(() => {
      this.counters.restarts++
      this.start().catch((error: unknown) => this.#restart((error as Error).message))
    }, restartAfter)
  }

  #kill(signal: NodeJS.Signals): void {
    if (this.#pid === undefined) return
    try {
      process.kill(-this.#pid, signal)
    } catch {
      // It is gone.
    }
  }
}

function faultOf(line: string): Fault {
  const said = line.replace(/^\S+ \S+ \[\d+\] /, '')
  if (/Address already in use/.test(said))
    return new Fault('port-taken', 'another program listens on the port of rsync', {
      hint: 'stop the old rsyncd, or choose systemimager.rsync.port',
    })
  return new Fault('request-invalid', `rsync did not start: ${said || 'it said nothing'}`, {
    hint: 'see systemimager.rsync in birnam.yaml',
  })
}
