import { Child, run, type ChildOptions } from './child.ts'

/** A network namespace of its own, alive as long as its keeper process; the kernel removes it, NICs and all, when that ends. */
export class Namespace implements AsyncDisposable {
  readonly #keeper: Child

  private constructor(keeper: Child) {
    this.#keeper = keeper
  }

  static async open(): Promise<Namespace> {
    const keeper = new Child(['unshare', '--net', 'sh', '-c', 'echo kept; exec sleep infinity'])
    await keeper.sees(/kept/)
    const namespace = new Namespace(keeper)
    await namespace.run('ip link set lo up')
    return namespace
  }

  get pid(): number {
    return this.#keeper.pid
  }

  /** The command line that runs `command` in this namespace. */
  enter(command: readonly string[]): string[] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`, '--', ...command]
  }

  start(command: readonly string[], options?: ChildOptions): Child {
    return new Child(this.enter(command), options)
  }

  run(command: string | readonly string[], options?: ChildOptions): Promise<string> {
    return run(this.enter(typeof command === 'string' ? command.split(' ') : command), options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper[Symbol.asyncDispose]()
  }
}

export interface LanOptions {
  /** The server's own address on this LAN, `10.77.0.1/24` when not given. */
  readonly address?: string
  /** What the server calls its NIC. */
  readonly interface?: string
  /** Another LAN of the same server. */
  readonly beside?: Lan
}

/**
 * A small network: a server's namespace with one NIC, and a switch in a namespace of its own where taps (for QEMU) and clients
 * hang. Nothing of it is seen from the host or from another test's LAN.
 */
export interface Lan extends AsyncDisposable {
  readonly server: Namespace
  readonly wire: Namespace
  /** The server's address, without the prefix length. */
  readonly address: string
  /** The server's NIC. */
  readonly interface: string
  /** A new tap on the switch; QEMU runs in `wire`. */
  tap(): Promise<string>
  /** A namespace with a NIC `eth0` on the switch, with this MAC when one is given, without an address. */
  client(mac?: string): Promise<Namespace>
  /** Drops that many percent of the IPv4 packets in each direction where they arrive, never where they are sent. */
  lose(percent: number): Promise<void>
  /** Everything on the wire as tcpdump prints it, from now on. */
  watch(...filter: readonly string[]): Promise<Child>
  /** Disposes of it with the LAN, before whatever was there earlier. */
  keep<T extends AsyncDisposable>(thing: T): T
}

/** Opens a LAN; everything in it is gone when it is disposed of, or when this process dies. */
export async function openLan(options: LanOptions = {}): Promise<Lan> {
  const lan = new OpenLan(options)
  try {
    return await lan.open()
  } catch (error) {
    await lan[Symbol.asyncDispose]()
    throw error
  }
}

class OpenLan implements Lan {
  readonly address: string
  readonly interface: string
  readonly #cidr: string
  readonly #beside: Lan | undefined
  readonly #owned = new AsyncDisposableStack()
  #server: Namespace | undefined
  #wire: Namespace | undefined
  #clients: Namespace[] = []
  #ports = 0

  constructor({ address = '10.77.0.1/24', interface: name = 'lab-br', beside }: LanOptions) {
    this.#cidr = address
    this.address = address.split('/')[0]!
    this.interface = name
    this.#beside = beside
  }

  get server(): Namespace {
    return this.#server!
  }

  get wire(): Namespace {
    return this.#wire!
  }

  async open(): Promise<this> {
    this.#server = this.#beside?.server ?? this.keep(await Namespace.open())
    this.#wire = this.keep(await Namespace.open())
    await this.wire.run('ip link add switch type bridge mcast_snooping 0')
    await this.wire.run('ip link set switch up')
    await this.#plug(this.server, this.interface, 'uplink')
    await this.server.run(`ip address add ${this.#cidr} dev ${this.interface}`)
    return this
  }

  async tap(): Promise<string> {
    const name = `tap${this.#ports++}`
    await this.wire.run(`ip tuntap add ${name} mode tap`)
    await this.wire.run(`ip link set ${name} master switch up`)
    return name
  }

  async client(mac?: string): Promise<Namespace> {
    const namespace = this.keep(await Namespace.open())
    await this.#plug(namespace, 'eth0', `port${this.#ports++}`, mac)
    this.#clients.push(namespace)
    return namespace
  }

  async lose(percent: number): Promise<void> {
    const drop = `meta protocol ip numgen random mod 100 < ${percent} counter drop`
    for (const end of [this.server, ...this.#clients]) {
      await end.run([
        'nft',
        `add table inet loss; add chain inet loss in { type filter hook input priority 0; }; add rule inet loss in ${drop}`,
      ])
    }
    // A QEMU machine has no input hook of ours; what the switch takes in from the server is where its loss happens.
    const chain = 'add chain netdev loss in { type filter hook ingress device uplink priority 0; }'
    await this.wire.run(['nft', `add table netdev loss; ${chain}; add rule netdev loss in ${drop}`])
  }

  async watch(...filter: readonly string[]): Promise<Child> {
    const dump = this.wire.start(['tcpdump', '-i', 'switch', '-n', '-l', '-v', ...filter])
    this.keep(dump)
    await dump.sees(/listening on/)
    return dump
  }

  keep<T extends AsyncDisposable>(thing: T): T {
    return this.#owned.use(thing)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync()
  }

  async #plug(namespace: Namespace, name: string, port: string, mac?: string): Promise<void> {
    const address = mac === undefined ? [] : ['address', mac]
    const peer = ['peer', 'name', port, 'netns', String(this.wire.pid)]
    await namespace.run(['ip', 'link', 'add', name, ...address, 'type', 'veth', ...peer])
    await this.wire.run(`ip link set ${port} master switch up`)
    await namespace.run(`ip link set ${name} up`)
  }
}
