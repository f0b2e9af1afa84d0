import { noCounts, type Counters } from './counters.ts'
import { replyTo, type Decision, type Desk } from './desk.ts'
import { conflict, heard, relayOf, said, whose, type Whose } from './event-of.ts'
import type { DhcpEvent } from './event.ts'
import type { Lease } from './lease.ts'
import { decodePacket, encodePacket } from './packet.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import { readRequest, type DropReason, type Request } from './request.ts'
import { bootServerPort } from './proxy.ts'
import { roomFor, routeOf, serverPort, type Destination } from './route.ts'
import { Seldom } from '../journal/seldom.ts'

/** What is to be done about one datagram: write the lease first, then send the reply, then tell. */
export interface Outcome {
  readonly lease?: Lease
  /** The reply may leave though the lease could not be written. */
  readonly sure?: boolean
  readonly reply?: Reply
  /** An address about which the link is asked who has it. */
  readonly probe?: Ipv4
  readonly event?: DhcpEvent
}

/** A datagram to send. */
export interface Reply {
  readonly bytes: Buffer
  readonly to: Destination
}

/** What is known of a message that is thrown away. */
export interface Dropped {
  readonly detail?: string
  readonly of?: Whose
}

/** Between the wire and the desk: bytes in, bytes out, every datagram counted, nothing ever thrown. */
export class Clerk {
  readonly counters: Counters = noCounts()
  readonly #desk: Desk
  readonly #tell: (event: DhcpEvent) => void
  readonly #seldom = new Seldom(1000)

  constructor(desk: Desk, tell: (event: DhcpEvent) => void) {
    this.#desk = desk
    this.#tell = tell
  }

  /** `bytes` may be used again by the caller as soon as this returns. `from`: who asks at port 4011, and is answered there. */
  take(bytes: Buffer, interfaceName: string, now: number, from?: Destination): Outcome | undefined {
    this.counters.received++
    try {
      return this.#take(bytes, interfaceName, now, from)
    } catch (error) {
      // A mistake of ours costs this one packet, never the process.
      return this.drop('internal', interfaceName, now, { detail: String(error) })
    }
  }

  /** An ACK left without its lease on disk. */
  unwritten(interfaceName: string, now: number, why: string): void {
    this.counters.unwritten++
    const count = this.#seldom.pass('unwritten', now)
    if (count !== undefined) this.#tell({ type: 'dhcp.unwritten', interface: interfaceName, why, count })
  }

  drop(reason: DropReason, interfaceName: string, now: number, { detail, of = {} }: Dropped = {}): undefined {
    this.counters.dropped[reason]++
    const count = this.#seldom.pass(`${reason} ${of.mac} ${of.relay}`, now)
    if (count === undefined) return
    const why = detail === undefined ? reason : `${reason}: ${detail}`
    this.#tell({ type: 'dhcp.dropped', interface: interfaceName, ...of, why, count })
  }

  #take(bytes: Buffer, interfaceName: string, now: number, from: Destination | undefined): Outcome | undefined {
    const packet = decodePacket(bytes)
    if ('malformed' in packet) return this.drop(packet.malformed, interfaceName, now)
    const request = readRequest(packet)
    if (typeof request === 'string') return this.drop(request, interfaceName, now, { of: relayOf(packet.giaddr) })
    const of = whose(request)
    // Nobody can be answered there.
    if (from?.address === '0.0.0.0') return this.drop('request without an address', interfaceName, now, { of })
    this.#hear(request, interfaceName)
    const decision = this.#desk.decide(request, interfaceName, now, from ? bootServerPort : serverPort)
    if (typeof decision === 'string') return this.drop(decision, interfaceName, now, { of })
    const outcome = this.#settle(decision, interfaceName, now)
    return from && outcome?.reply ? { ...outcome, reply: { ...outcome.reply, to: from } } : outcome
  }

  #hear(request: Request, interfaceName: string): void {
    this.counters[requestCounters[request.type]]++
    const event = heard(request, interfaceName)
    if (event) this.#tell(event)
  }

  #settle(decision: Decision, interfaceName: string, now: number): Outcome | undefined {
    const { verdict } = decision
    if (verdict.say === 'nothing' && 'drop' in verdict)
      return this.drop(verdict.drop, interfaceName, now, { of: whose(decision.request) })
    // Before the lease is another one.
    const sure = this.#desk.isSure(decision)
    const lease = this.#desk.settle(decision, now)
    const event = this.#eventOf(decision, interfaceName, now)
    const reply = this.#replyTo(decision)
    const probe = this.#desk.probeFor(decision, now)
    return {
      ...(lease && { lease, sure }),
      ...(reply && { reply }),
      ...(probe !== undefined && { probe }),
      ...(event && { event }),
    }
  }

  #replyTo(decision: Decision): Reply | undefined {
    const packet = replyTo(decision)
    return packet && { bytes: encodePacket(packet, roomFor(decision.request.packet)), to: routeOf(packet) }
  }

  #eventOf(decision: Decision, interfaceName: string, now: number): DhcpEvent | undefined {
    const event = said(decision, interfaceName)
    this.#count(decision)
    if (decision.verdict.say === 'nothing') {
      const count = event && this.#seldom.pass(`${event.type} ${event.mac}`, now)
      return count === undefined ? undefined : event
    }
    const trouble = conflict(decision, interfaceName)
    if (trouble && this.#seldom.pass(`${trouble.type} ${trouble.mac}`, now) !== undefined) this.#tell(trouble)
    return event
  }

  #count({ verdict }: Decision): void {
    switch (verdict.say) {
      case 'offer':
        this.counters.offer++
        return
      case 'ack':
      case 'inform':
        this.counters.ack++
        return
      case 'proxy':
        this.counters[verdict.type === 2 ? 'offer' : 'ack']++
        return
      case 'nak':
        this.counters.nak++
        return
      case 'nothing':
        if (!('because' in verdict)) return
        if (verdict.because === 'full') this.counters.full++
        else if (verdict.because !== 'declined' && verdict.because !== 'released') this.counters.silent++
    }
  }
}

const requestCounters = {
  bootp: 'bootp',
  1: 'discover',
  3: 'request',
  4: 'decline',
  7: 'release',
  8: 'inform',
} as const
