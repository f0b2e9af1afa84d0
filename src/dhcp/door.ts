import type { Udp, UdpMessage, UdpSocket } from '../net/udp.ts'
import type { Clerk, Outcome, Reply } from './clerk.ts'
import type { DhcpEvent } from './event.ts'
import type { Lease, LeaseBook } from './lease.ts'
import type { ProxyPort } from './proxy.ts'
import { serverPort } from './route.ts'

export interface DoorParts {
  readonly udp: Udp
  readonly leases: LeaseBook
  readonly clock: { readonly now: () => number }
  readonly onEvent?: (event: DhcpEvent) => void
}

type Promised = Outcome & { readonly lease: Lease }

/** RFC 863: whoever has the address throws it away; what counts is that the kernel asks for its card first. */
const discardPort = 9
const question = Buffer.from([0])

/** Room for the DISCOVERs of a whole hall that was just switched on. */
const receiveBuffer = 4 << 20

/**
 * The socket of one interface: a broadcast is answered where it came in. OFFERs leave at once. ACKs wait until the leases of their whole
 * batch are on disk, in one transaction, and leave together.
 */
export class Door {
  readonly #name: string
  readonly #clerk: Clerk
  readonly #parts: DoorParts
  readonly #commits = new Set<Promise<void>>()
  #socket: UdpSocket | undefined
  #promised: Promised[] = []

  readonly #port: ProxyPort

  constructor(name: string, clerk: Clerk, parts: DoorParts, port: ProxyPort = serverPort) {
    this.#port = port
    this.#name = name
    this.#clerk = clerk
    this.#parts = parts
  }

  async open(): Promise<void> {
    this.#socket = await this.#parts.udp.open({
      port: this.#port,
      device: this.#name,
      broadcast: true,
      reuse: true,
      receiveBuffer,
      onMessage: (message) => this.#hear(message),
      onBatchEnd: () => this.#endBatch(),
      // One datagram that could not be sent (a cable pulled, an interface down) is asked for again by its client.
      onError: (error) => this.#clerk.drop('not sent', this.#name, this.#parts.clock.now(), { detail: error.message }),
    })
  }

  /** Leases under way are written, their ACKs still leave. */
  async close(): Promise<void> {
    this.#endBatch()
    await Promise.allSettled(this.#commits)
    const socket = this.#socket
    this.#socket = undefined
    await socket?.close()
  }

  #hear({ bytes, address, port }: UdpMessage): void {
    const from = this.#port === serverPort ? undefined : { address, port }
    const outcome = this.#clerk.take(bytes, this.#name, this.#parts.clock.now(), from)
    if (!outcome) return
    if (outcome.lease) this.#promised.push({ ...outcome, lease: outcome.lease })
    else this.#finish(outcome)
  }

  #endBatch(): void {
    // First, so that no OFFER waits in our own hands while the disk is busy, and its client can answer meanwhile.
    this.#socket?.flush?.()
    const promised = this.#promised
    if (promised.length === 0) return
    this.#promised = []
    this.#keep(promised)
  }

  #keep(promised: readonly Promised[]): void {
    const commit = this.#parts.leases
      .commit(promised.map(({ lease }) => lease))
      .then(
        () => promised.forEach((outcome) => this.#finish(outcome)),
        (error: unknown) => this.#unwritten(promised, String(error)),
      )
      // Nothing that goes wrong here ends the process.
      .catch((error: unknown) => this.#clerk.drop('internal', this.#name, this.#now(), { detail: String(error) }))
      .then(() => this.#socket?.flush?.())
      .finally(() => this.#commits.delete(commit))
    this.#commits.add(commit)
  }

  /**
   * An ACK without its lease on disk would be a lie: nothing is sent, and the client asks again. But a machine that the site or an earlier lease
   * names has its address for itself in any case, and boots.
   */
  #unwritten(promised: readonly Promised[], detail: string): void {
    for (const outcome of promised) {
      const { mac } = outcome.lease
      if (!outcome.sure) this.#clerk.drop('lease not written', this.#name, this.#now(), { detail, of: { mac } })
      else {
        this.#finish(outcome)
        this.#clerk.unwritten(this.#name, this.#now(), detail)
      }
    }
  }

  #now(): number {
    return this.#parts.clock.now()
  }

  #finish({ reply, probe, event }: Outcome): void {
    if (reply) this.#send(reply)
    if (probe !== undefined) this.#socket?.send(question, discardPort, probe)
    if (event) this.#parts.onEvent?.(event)
  }

  #send({ bytes, to }: Reply): void {
    this.#socket?.send(bytes, to.port, to.address)
  }
}
