import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Dhcp6Settings } from '../config/site.ts'
import { InterfaceDoors, type InterfaceDoor } from '../net/interface-doors.ts'
import type { Dhcp6Counters } from './counters.ts'
import { Desk6, type Desk6Parts } from './desk.ts'

export interface Dhcp6Parts extends Desk6Parts {
  readonly settings: Dhcp6Settings
  /** Milliseconds since 1970. */
  readonly clock: { readonly now: () => number }
}

export interface Dhcp6Server extends AsyncDisposable {
  readonly counters: Dhcp6Counters
  /** Interfaces that are listened on. */
  readonly interfaces: readonly string[]
  /** Interfaces that should be listened on and cannot be, with what the system said. */
  readonly missing: ReadonlyMap<string, Error>
  /** Tries the missing interfaces again, and listens on addresses that came since. */
  retry(): Promise<void>
  /** A changed site: sockets that stay are not touched. */
  update(settings: Dhcp6Settings): Promise<void>
  close(): Promise<void>
}

/** Opens the sockets of each interface and answers. An interface that cannot be opened is `missing`; the others answer. */
export async function openDhcp6(parts: Dhcp6Parts): Promise<Dhcp6Server> {
  const server = new Server(parts)
  await server.update(parts.settings)
  return server
}

const serverPort = 547
/** RFC 8415 §7.1: clients and relays of the link; relays that know no address of a server. */
const groups = ['ff02::1:2', 'ff05::1:3'] as const

class Server implements Dhcp6Server {
  readonly #desk: Desk6
  readonly #doors: InterfaceDoors

  constructor(parts: Dhcp6Parts) {
    this.#desk = new Desk6(parts.settings, parts)
    this.#doors = new InterfaceDoors((name) => openDoor(name, this.#desk, parts))
  }

  get counters(): Dhcp6Counters {
    return this.#desk.counters
  }

  get interfaces(): readonly string[] {
    return this.#doors.names
  }

  get missing(): ReadonlyMap<string, Error> {
    return this.#doors.missing
  }

  async update(settings: Dhcp6Settings): Promise<void> {
    this.#desk.update(settings)
    await this.#doors.want(settings.interfaces)
    await this.#doors.retry()
  }

  retry(): Promise<void> {
    return this.#doors.retry()
  }

  close(): Promise<void> {
    return this.#doors.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

async function openDoor(name: string, desk: Desk6, parts: Dhcp6Parts): Promise<InterfaceDoor> {
  const door = new Door6(name, desk, parts)
  try {
    await door.refresh()
    return door
  } catch (error) {
    await door.close()
    throw error
  }
}

/**
 * One interface: a socket for each group, and one for each address of ours, since a socket that is bound to a group hears that group alone. So it
 * is known what was sent to all servers and what to us.
 */
class Door6 implements InterfaceDoor {
  readonly #name: string
  readonly #desk: Desk6
  readonly #parts: Dhcp6Parts
  readonly #sockets = new Map<string, Socket>()

  constructor(name: string, desk: Desk6, parts: Dhcp6Parts) {
    this.#name = name
    this.#desk = desk
    this.#parts = parts
  }

  /** Opens what is not open yet, and closes what is no address of ours any more. */
  async refresh(): Promise<void> {
    const own = this.#parts.addressesOn(this.#name)
    if (own.length === 0) throw new Error(`${this.#name} has no IPv6 address besides its link-local one`)
    const wanted: readonly string[] = [...groups, ...own]
    for (const [address, socket] of this.#sockets) {
      if (wanted.includes(address)) continue
      this.#sockets.delete(address)
      socket.close()
    }
    for (const address of wanted) if (!this.#sockets.has(address)) await this.#bind(address)
  }

  async close(): Promise<void> {
    const sockets = [...this.#sockets.values()]
    this.#sockets.clear()
    await Promise.all(
      sockets.map(async (socket) => {
        const closed = once(socket, 'close')
        socket.close()
        await closed
      }),
    )
  }

  async #bind(address: string): Promise<void> {
    const socket = createSocket({ type: 'udp6', ipv6Only: true, reuseAddr: true })
    const isGroup = address.startsWith('ff')
    try {
      const listening = once(socket, 'listening')
      socket.bind({ address: isGroup ? `${address}%${this.#name}` : address, port: serverPort, exclusive: true })
      await listening
      if (isGroup) socket.addMembership(address, `::%${this.#name}`)
    } catch (error) {
      socket.close()
      throw error
    }
    const failed = (error: Error): void =>
      this.#desk.drop('not sent', this.#name, this.#now(), { detail: error.message })
    socket.on('error', failed)
    socket.on('message', (bytes, { address: from, port }) => {
      // Nobody can be answered at port 0.
      if (port === 0) return
      const reply = this.#desk.take(bytes, { interfaceName: this.#name, from, unicast: !isGroup }, this.#now())
      if (reply) socket.send(reply.bytes, reply.port, from, (error) => error && failed(error))
    })
    this.#sockets.set(address, socket)
  }

  #now(): number {
    return this.#parts.clock.now()
  }
}
