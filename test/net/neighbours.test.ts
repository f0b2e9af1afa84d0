import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { openNeighbours, readNeighbours } from '../../src/net/neighbours.ts'
import { noNamespaces } from '../dhcp/lan.ts'

test('the table of neighbours as text names the card of each address that has answered, and of no other', () => {
  const text = `IP address       HW type     Flags       HW address            Mask     Device
10.77.0.9        0x1         0x2         52:54:00:aa:bb:cc     *        eth1
10.77.0.8        0x1         0x0         00:00:00:00:00:00     *        eth1
10.77.0.7        0x1         0x0         52:54:00:aa:bb:cd     *        eth1
10.77.0.6        0x1         0x6         52:54:00:aa:bb:ce     *        eth1
nonsense
`
  expect([...readNeighbours(text)]).toEqual([
    ['10.77.0.9', '52:54:00:aa:bb:cc'],
    ['10.77.0.6', '52:54:00:aa:bb:ce'],
  ])
})

test('nobody is seen at an address of no network of this host, at our own, or at what is no address', async () => {
  const neighbour = await openNeighbours()
  for (const address of ['192.0.2.77', '127.0.0.1', '2001:db8::77', '::1', 'fe80::1%nowhere', 'fe80::1%../../etc', ''])
    expect(neighbour(address), address).toBeUndefined()
})

const seen = {
  '10.71.0.9': 'reachable',
  '10.71.0.10': 'stale',
  '10.71.0.11': 'permanent',
  'fd71::9': 'stale',
  'fe80::9': 'stale',
} as const

test.skipIf(noNamespaces !== undefined)(
  `the kernel is asked for the card at an address of either family, at the moment of asking${noNamespaces === undefined ? '' : ` (skipped: ${noNamespaces})`}`,
  () => {
    const name = `birnam-net-${process.pid}`
    const ip = (...words: string[]): void => expect(spawnSync('ip', words).stderr.toString(), words.join(' ')).toBe('')
    ip('netns', 'add', name)
    try {
      ip('-n', name, 'link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'far')
      for (const link of ['lan', 'far', 'lo']) ip('-n', name, 'link', 'set', link, 'up')
      for (const own of ['10.71.0.1/24', 'fd71::1/64']) ip('-n', name, 'addr', 'add', own, 'dev', 'lan', ...nodad(own))
      ip('-n', name, 'route', 'add', 'default', 'via', '10.71.0.9')
      for (const [address, nud] of Object.entries(seen))
        ip('-n', name, 'neigh', 'replace', address, 'lladdr', cardOf(address), 'dev', 'lan', 'nud', nud)
      ip('-n', name, 'neigh', 'replace', '10.71.0.12', 'lladdr', cardOf('10.71.0.12'), 'dev', 'lan', 'nud', 'failed')
      const asked = [
        ...Object.keys(seen),
        'fe80::9%lan',
        '10.71.0.12',
        '10.71.0.13',
        '10.99.0.1',
        '10.71.0.1',
        'fd71::1',
      ]
      expect(cardsSeen(name, asked)).toEqual([
        ...Object.keys(seen)
          .slice(0, 4)
          .map((address) => cardOf(address)),
        // Without its zone it may be on any link; here the kernel's route for it is the other end.
        expect.toBeOneOf([null, cardOf('fe80::9')]),
        cardOf('fe80::9'),
        ...Array.from({ length: 5 }, () => null),
      ])
    } finally {
      spawnSync('ip', ['netns', 'del', name])
    }
  },
)

function nodad(address: string): readonly string[] {
  return address.includes(':') ? ['nodad'] : []
}

function cardOf(address: string): string {
  const last = Number.parseInt(/\w+$/.exec(address)![0], address.includes(':') ? 16 : 10)
  return `52:54:00:71:${address.includes(':') ? '06' : '04'}:${last.toString(16).padStart(2, '0')}`
}

/** As another process that was started in that namespace sees them. */
function cardsSeen(namespace: string, addresses: readonly string[]): unknown {
  const module = new URL('../../src/net/neighbours.ts', import.meta.url).href
  const script = `import { openNeighbours } from ${JSON.stringify(module)}
const neighbour = await openNeighbours()
console.log(JSON.stringify(${JSON.stringify(addresses)}.map((address) => neighbour(address) ?? null)))`
  const node = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    '--input-type=module-typescript',
    '-e',
    script,
  ]
  const { stdout, stderr } = spawnSync('ip', ['netns', 'exec', namespace, ...node], { encoding: 'utf8' })
  return stdout === '' ? stderr : JSON.parse(stdout)
}
