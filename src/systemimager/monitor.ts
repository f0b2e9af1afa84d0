import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Mac } from '../net/mac.ts'
import { readMonitorLine, type ClientState, type MonitorLine } from './monitor-line.ts'

/** TCP, as SystemImager's clients have it unless told otherwise. */
export const monitorPort = 8181

/** Told, never believed: who says it is not known. */
export interface MonitorListener {
  onState(mac: Mac, state: ClientState, from: string): void
  onLog(mac: Mac, text: string, from: string): void
  /** Something that no client of SystemImager sends. */
  onStrange(why: string, from: string): void
}

export interface MonitorLimits {
  /** Bytes of a line. */
  readonly line: number
  readonly lines: number
  readonly connections: number
  readonly perAddress: number
  /** Milliseconds. */
  readonly idle: number
}

const usual: MonitorLimits = { line: 4096, lines: 20_000, connections: 100, perAddress: 8, idle: 5 * 60_000 }

export interface Monitor {
  readonly port: number
  readonly counters: Readonly<Record<string, number>>
  close(): Promise<void>
}

export interface MonitorOptions {
  readonly address: string
  readonly port?: number
  readonly listener: MonitorListener
  readonly limits?: Partial<MonitorLimits>
}

/** Hears SystemImager's monitor protocol. It has no answers, so nothing is ever sent. */
export async function openMonitor({ address, port = monitorPort, listener, limits }: MonitorOptions): Promise<Monitor> {
  const desk = new MonitorDesk(listener, { ...usual, ...limits })
  const server = createServer((socket) => desk.enter(socket))
  server.listen({ host: address, port, backlog: 128 })
  await once(server, 'listening')
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    counters: desk.counters,
    async close() {
      server.close()
      desk.close()
      await once(server, 'close')
    },
  }
}

class MonitorDesk {
  readonly counters = { connections: 0, reports: 0, logs: 0, strange: 0, dropped: 0 }
  readonly #listener: MonitorListener
  readonly #limits: MonitorLimits
  readonly #open = new Map<Socket, string>()

  constructor(listener: MonitorListener, limits: MonitorLimits) {
    this.#listener = listener
    this.#limits = limits
  }

  enter(socket: Socket): void {
    const from = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    socket.on('error', () => socket.destroy())
    const same = [...this.#open.values()].filter((address) => address === from).length
    if (this.#open.size >= this.#limits.connections || same >= this.#limits.perAddress) {
      this.counters.dropped++
      socket.destroy()
      return
    }
    this.counters.connections++
    this.#open.set(socket, from)
    socket.once('close', () => this.#open.delete(socket))
    socket.setTimeout(this.#limits.idle, () => socket.destroy())
    this.#hear(socket, from)
  }

  close(): void {
    for (const socket of this.#open.keys()) socket.destroy()
  }

  #hear(socket: Socket, from: string): void {
    const { line: longest, lines: most } = this.#limits
    const state: { mac?: Mac } = {}
    let rest = ''
    let count = 0
    const leave = (why: string): void => {
      this.#strange(why, from)
      socket.destroy()
    }
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        if (line.length > longest) return leave(`a line of more than ${longest} bytes`)
        if (++count > most) return leave(`more than ${most} lines`)
        this.#take(line, state, from)
      }
      if (rest.length > longest) leave(`a line of more than ${longest} bytes`)
    })
    // What is cut off is no line; but some say their only one without its end.
    socket.once('end', () => {
      if (rest !== '') this.#take(rest, state, from)
      socket.end()
    })
  }

  #take(bytes: string, known: { mac?: Mac }, from: string): void {
    const line = Buffer.from(bytes, 'latin1').toString('utf8').trim()
    if (line === '') return
    const said = readMonitorLine(line)
    if (!said) return this.#strange('a line that no client of SystemImager sends', from)
    if (said.kind !== 'log') known.mac = said.mac
    this.#tell(said, known.mac, from)
  }

  #tell(said: MonitorLine, mac: Mac | undefined, from: string): void {
    if (said.kind === 'state') {
      this.counters.reports++
      this.#listener.onState(said.mac, said.state, from)
    } else if (said.kind === 'log' && mac) {
      this.counters.logs++
      this.#listener.onLog(mac, said.text, from)
    }
  }

  #strange(why: string, from: string): void {
    this.counters.strange++
    this.#listener.onStrange(why, from)
  }
}
