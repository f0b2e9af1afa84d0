import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { Namespace } from '../lab/network.ts'
import { openPlace, type Place } from '../lab/place.ts'

const wood = randomBytes(3_000_000)

/** A server and a client with a router between them; everything is gone with it. */
class Path implements AsyncDisposable {
  readonly #owned = new AsyncDisposableStack()
  readonly server: Namespace
  readonly router: Namespace
  readonly client: Namespace
  readonly place: Place

  private constructor(server: Namespace, router: Namespace, client: Namespace, place: Place) {
    for (const each of [place, server, router, client]) this.#owned.use(each)
    this.server = server
    this.router = router
    this.client = client
    this.place = place
  }

  static async open(): Promise<Path> {
    const [server, router, client] = [await Namespace.open(), await Namespace.open(), await Namespace.open()]
    const path = new Path(server, router, client, await openPlace())
    await cable(router, 'near', server, '10.77.1')
    await cable(router, 'far', client, '10.77.9')
    await router.run(['sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward'])
    writeFileSync(join(path.place.path, 'wood'), wood)
    return path
  }

  async serve(...more: readonly string[]): Promise<void> {
    const script = join(import.meta.dirname, 'tftp-serve.ts')
    const words = [process.execPath, '--disable-warning=ExperimentalWarning', script, this.place.path, ...more]
    const served = this.#owned.use(this.server.start(words))
    await served.sees(/69/)
  }

  /** What atftp brings home in a minute. */
  async get(from: string, blksize: number): Promise<Buffer> {
    const out = join(this.place.path, 'brought-home')
    const words = ['--option', `blksize ${blksize}`, '--option', 'timeout 2', '-g', '-r', 'wood', '-l', out, from, '69']
    await this.client.run(['timeout', '60', 'atftp', ...words])
    return readFileSync(out)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync()
  }
}

/** A cable between the router (.1) and a host (.2), whose default route it is. */
async function cable(router: Namespace, name: string, host: Namespace, network: string): Promise<void> {
  await host.run(['ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', name, 'netns', String(router.pid)])
  await router.run(`ip address add ${network}.1/24 dev ${name}`)
  await router.run(`ip link set ${name} up`)
  await host.run(`ip address add ${network}.2/24 dev eth0`)
  await host.run('ip link set eth0 up')
  await host.run(`ip route add default via ${network}.1`)
}

const needs = ['lan', 'atftp'] as const

for (const kind of ['ffi', 'dgram'])
  labTest(
    `a file arrives over a path with a smaller MTU that loses ICMP, by ${kind}: routers may cut it`,
    needs,
    async () => {
      await using path = await Path.open()
      await path.router.run('ip link set far mtu 1400')
      await path.client.run('ip link set eth0 mtu 1400')
      const chain = 'add chain inet quiet out { type filter hook output priority 0; }'
      await path.router.run(['nft', `add table inet quiet; ${chain}; add rule inet quiet out meta l4proto icmp drop`])
      await path.serve(kind, '10.77.1.2', '69')
      expect((await path.get('10.77.1.2', 1456)).equals(wood)).toBe(true)
    },
  )

labTest('with one port a file arrives through a published port, which lets nothing else back', needs, async () => {
  await using path = await Path.open()
  await path.router.run([
    'nft',
    [
      'add table ip nat',
      'add chain ip nat in { type nat hook prerouting priority -100; }',
      'add rule ip nat in iifname far ip daddr 10.77.9.1 udp dport 69 dnat to 10.77.1.2:69',
      'add chain ip nat forward { type filter hook forward priority 0; policy drop; }',
      'add rule ip nat forward iifname far accept',
      'add rule ip nat forward ct state established accept',
    ].join('; '),
  ])
  await path.serve('ffi', '0.0.0.0', '69', 'listener')
  expect((await path.get('10.77.9.1', 1400)).equals(wood)).toBe(true)
})
