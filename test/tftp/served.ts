import type { Content, Finding, Transfer } from '../../src/net/content.ts'
import type { Udp } from '../../src/net/udp.ts'
import type { TftpCounters } from '../../src/tftp/counters.ts'
import { openTftp, type TftpOptions, type TftpServer } from '../../src/tftp/server.ts'

/** A server on loopback with a catalogue of names, and all that it told. */
export class Served implements AsyncDisposable {
  readonly asked: string[] = []
  readonly ended: Transfer[] = []
  readonly strange: string[] = []
  server!: TftpServer

  static async open(
    udp: Udp,
    names: Readonly<Record<string, Buffer | (() => Finding | Promise<Finding>)>>,
    options: Partial<TftpOptions> = {},
  ): Promise<Served> {
    const served = new Served()
    const catalogue = new Map(Object.entries(names))
    served.server = await openTftp({
      udp,
      address: '127.0.0.1',
      port: 0,
      source: {
        find(name) {
          served.asked.push(name)
          const entry = catalogue.get(name)
          return typeof entry === 'function' ? entry() : entry && contentOf(entry)
        },
      },
      onEnd: (transfer) => void served.ended.push(transfer),
      onStrange: (what) => void served.strange.push(what),
      ...options,
    })
    return served
  }

  get port(): number {
    return this.server.port
  }

  get counters(): Readonly<TftpCounters> {
    return this.server.counters
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server.close()
  }
}

export function contentOf(bytes: Buffer): Content {
  return { kind: 'bytes', bytes }
}
