import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Seeds } from '../../src/swarm/seeds.ts'
import { readAnnounce, Tracker, type Announce } from '../../src/swarm/tracker.ts'

const peer = (n: number, change: Partial<Announce> = {}): Announce => ({
  peer: `peer-${n}`,
  address: `10.77.0.${n}`,
  port: 6881,
  left: 1,
  isStopped: false,
  ...change,
})

test('a client is told of the others, never of itself; seeds are counted; who stopped or is silent is gone', () => {
  const tracker = new Tracker()
  tracker.announce('aa', peer(1), 0)
  tracker.announce('aa', peer(2, { left: 0 }), 0)
  tracker.announce('bb', peer(9), 0)
  const told = tracker.announce('aa', peer(3), 0).toString('latin1')
  expect(told).toContain('8:completei1e10:incompletei1e8:intervali15e')
  expect([...peersIn(told)].sort()).toEqual(['10.77.0.1:6881', '10.77.0.2:6881'])
  expect(tracker.waiting('aa', 0)).toBe(2)
  tracker.announce('aa', peer(1, { isStopped: true }), 1000)
  expect(peersIn(tracker.announce('aa', peer(3), 40_000).toString('latin1'))).toEqual(['10.77.0.2:6881'])
  expect(peersIn(tracker.announce('aa', peer(3), 60_000).toString('latin1'))).toEqual([])
  expect([tracker.waiting('aa', 60_000), tracker.waiting('cc', 0)]).toEqual([1, 0])
})

test('at most fifty peers are told, of however many there are', () => {
  const tracker = new Tracker()
  for (let n = 1; n < 200; n++) tracker.announce('aa', peer(n), 0)
  expect(peersIn(tracker.announce('aa', peer(200), 0).toString('latin1')).length).toBe(50)
})

test('hashes are bytes, encoded or not; the address is the sender’s own, whatever it says', () => {
  const hash = '%00%ffAB%2bcdefghijklmnopq'
  const read = readAnnounce(
    `ip=10.0.0.1&info_hash=${hash}&peer_id=${'p'.repeat(20)}&port=6881&left=0&event=stopped`,
    '10.77.0.11',
  )
  expect(read).toMatchObject({
    hash: Buffer.from('\0\xffAB+cdefghijklmnopq', 'latin1').toString('hex'),
    announce: { address: '10.77.0.11', port: 6881, left: 0, isStopped: true },
  })
})

test.each([
  '',
  'info_hash=short&peer_id=pppppppppppppppppppp&port=1',
  'info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=pppppppppppppppppppp&port=0',
  'info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=pppppppppppppppppppp&port=70000',
  'info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=pppppppppppppppppppp&port=x',
  'info_hash=aaaaaaaaaaaaaaaaaaaa&port=6881',
])('no announce: %j', (query) => {
  expect(readAnnounce(query, '10.77.0.11')).toBeUndefined()
})

test('no query makes it throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (query) => {
      readAnnounce(query, '10.77.0.11')
      readAnnounce(`info_hash=${query}&peer_id=${query}&port=${query}`, '10.77.0.11')
    }),
  )
})

test('the web seed is for the first machine, and for one in sixteen; the same one gets the same answer', () => {
  const seeds = new Seeds()
  const told = Array.from({ length: 40 }, (_, n) => seeds.mayUse('aa', `machine-${n}`, 0))
  expect(told.flatMap((may, n) => (may ? [n] : []))).toEqual([0, 16, 32])
  expect([
    seeds.mayUse('aa', 'machine-0', 1),
    seeds.mayUse('aa', 'machine-1', 1),
    seeds.mayUse('bb', 'machine-1', 1),
  ]).toEqual([true, false, true])
})

test('when those with the web seed are gone, the next one gets it', () => {
  const seeds = new Seeds()
  seeds.mayUse('aa', 'one', 0)
  seeds.mayUse('aa', 'two', 0)
  seeds.heard('aa', 'two', 50_000)
  expect(seeds.mayUse('aa', 'three', 61_000)).toBe(true)
})

function peersIn(text: string): string[] {
  const [, length, rest] = /5:peers(\d+):(.*)e$/s.exec(text)!
  const bytes = Buffer.from(rest!.slice(0, Number(length)), 'latin1')
  return Array.from({ length: bytes.length / 6 }, (_, n) => {
    const one = bytes.subarray(n * 6)
    return `${one[0]}.${one[1]}.${one[2]}.${one[3]}:${one.readUInt16BE(4)}`
  })
}
