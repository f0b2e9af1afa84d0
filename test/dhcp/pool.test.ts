import { expect, test } from 'vitest'
import { offerLifetime, Pool } from '../../src/dhcp/pool.ts'
import { parseMac, type Mac } from '../../src/net/mac.ts'

const noon = 1_000_000

function mac(number: number): Mac {
  return parseMac(number.toString(16).padStart(12, '0'))
}

test('addresses are given in order, over several ranges', () => {
  const pool = new Pool([
    { from: 10, to: 11 },
    { from: 20, to: 21 },
  ])
  const given = [1, 2, 3, 4].map((machine) => {
    const address = pool.candidate(noon)!
    pool.lease(mac(machine), address, noon + 1000)
    return address
  })
  expect(given).toEqual([10, 11, 20, 21])
  expect(pool.candidate(noon)).toBeUndefined()
})

test('asking for a candidate takes nothing', () => {
  const pool = new Pool([{ from: 10, to: 19 }])
  expect([pool.candidate(noon), pool.candidate(noon)]).toEqual([10, 10])
})

test('what was given back is used again only after all that was never used, the longest free first', () => {
  const pool = new Pool([{ from: 10, to: 13 }])
  for (let machine = 0; machine < 3; machine++) pool.lease(mac(machine), pool.candidate(noon)!, noon + 1000)
  pool.release(11)
  pool.release(10)
  const given = [1, 2, 3].map((machine) => {
    const address = pool.candidate(noon)!
    pool.lease(mac(machine), address, noon + 1000)
    return address
  })
  expect(given).toEqual([13, 11, 10])
})

test('a lease that ended is free, the oldest first', () => {
  const pool = new Pool([{ from: 10, to: 11 }])
  pool.lease(mac(1), 10, noon + 1000)
  pool.lease(mac(2), 11, noon + 2000)
  pool.lease(mac(1), 10, noon + 3000)
  expect(pool.candidate(noon + 1999)).toBeUndefined()
  expect(pool.candidate(noon + 2000)).toBe(11)
})

test('an offer holds its address for its time and no longer', () => {
  const pool = new Pool([{ from: 10, to: 11 }])
  pool.offer(mac(1), 10, noon)
  expect([pool.candidate(noon), pool.offerTo(mac(1), noon)]).toEqual([11, 10])
  const later = noon + offerLifetime
  pool.lease(mac(2), 11, later + 1000)
  expect([pool.offerTo(mac(1), later), pool.candidate(later)]).toEqual([undefined, 10])
})

test('when only offers are in the way, the oldest one gives way', () => {
  const pool = new Pool([{ from: 10, to: 11 }])
  pool.offer(mac(1), 10, noon)
  pool.offer(mac(2), 11, noon + 1)
  expect([pool.candidate(noon + 2), pool.oldestOffer]).toEqual([undefined, 10])
  pool.offer(mac(3), 10, noon + 2)
  expect([pool.offerTo(mac(1), noon + 2), pool.offerTo(mac(3), noon + 2)]).toEqual([undefined, 10])
})

test('a blocked address is never a candidate', () => {
  const pool = new Pool([{ from: 10, to: 12 }])
  pool.block(10)
  pool.offer(mac(1), 11, noon)
  pool.block(11)
  expect(pool.candidate(noon)).toBe(12)
})

test('a flood of invented machines leaves no more offers than a bound, and a real one is still served', () => {
  const pool = new Pool([{ from: 0, to: 0xffff }])
  for (let machine = 0; machine < 50_000; machine++) pool.offer(mac(machine), pool.candidate(noon)!, noon)
  expect(pool.offers).toBe(32_768)
  pool.lease(mac(1_000_000), pool.candidate(noon)!, noon + 1000)
  expect(pool.leased).toBe(1)
})

test.each([
  ['that fill up once', 0],
  ['that come and go', 1],
])('finding an address costs the same with 1 000 and with 100 000 leases %s', (_, churn) => {
  const perSearch = [1000, 100_000].map((leases) => {
    const pool = new Pool([{ from: 0, to: leases }])
    for (let address = 0; address < leases; address++) pool.lease(mac(address), address, noon + 1)
    pool.candidate(noon)
    const before = pool.looks
    const searches = 500
    for (let search = 0; search < searches; search++) {
      if (churn) pool.release((search * 7919) % leases)
      pool.lease(mac(leases + search), pool.candidate(noon)!, noon + 1)
      if (!churn) pool.release(leases)
    }
    return (pool.looks - before) / searches
  })
  expect(Math.max(...perSearch)).toBeLessThan(4)
})

test('the queue of free addresses never outgrows the pool', () => {
  const pool = new Pool([{ from: 0, to: 99 }])
  for (let round = 0; round < 10_000; round++) {
    const address = round % 100
    pool.lease(mac(round % 7), address, noon + 1)
    pool.release(address)
  }
  expect(pool.queued).toBeLessThanOrEqual(200)
})
