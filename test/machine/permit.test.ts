import { expect, test } from 'vitest'
import { Permits, type Permit } from '../../src/machine/permit.ts'
import { MemoryPermits } from '../../src/store/memory/permits.ts'

const times = { lifetime: 1000, install: 5000 }
const wish = { machine: 'duncan', target: 'web', kind: 'install', content: 'c1', by: 'mac' } as const

function permits(store: MemoryPermits = new MemoryPermits()): Permits {
  return new Permits(store)
}

test('the same wish twice is one permit', () => {
  const all = permits()
  const first = all.arm(wish, times, 0, 'p1')
  expect(all.arm({ ...wish, by: 'robot' }, times, 10, 'p2')).toEqual({ permit: first.permit, made: false })
})

test.each([
  { target: 'db' },
  { kind: 'image' },
  { content: 'c2' },
  { image: 'porter:2' },
  { hardware: '52:54:00:77:00:02' },
  { disks: 'serial:B' },
] as const)('another wish is another permit, and the one before it is withdrawn: %j', (other) => {
  const all = permits()
  const full = { ...wish, image: 'porter:1', hardware: '52:54:00:77:00:01', disks: 'serial:A' } as const
  all.arm(full, times, 0, 'p1')
  expect(all.arm({ ...full }, times, 1, 'p2').made).toBe(false)
  expect(all.arm({ ...full, ...other }, times, 2, 'p3')).toMatchObject({ made: true, permit: { id: 'p3', ...other } })
  const { disks: _disks, hardware: _hardware, ...bare } = full
  expect(all.arm(bare, times, 3, 'p4').made).toBe(true)
})

test('a permit is claimed by one session only', () => {
  const all = permits()
  all.arm(wish, times, 0, 'p1')
  expect(all.claim('duncan', 's1', '10.77.0.11', 5)).toMatchObject({ state: 'claimed', session: 's1', claimedAt: 5 })
  expect(all.claim('duncan', 's2', '10.77.0.11', 6)).toBeUndefined()
  expect(all.claim('duncan', 's1', '10.77.0.11', 7)?.claimedAt).toBe(5)
})

test('a claimed permit is not quietly replaced; --again gives it up first', () => {
  const all = permits()
  all.arm(wish, times, 0, 'p1')
  all.claim('duncan', 's1', undefined, 5)
  expect(() => all.arm(wish, times, 6, 'p2')).toThrow('being installed by boot session s1')
  expect(all.arm({ ...wish, again: true }, times, 7, 'p2').permit).toMatchObject({ id: 'p2', state: 'armed' })
  expect(all.claim('duncan', 's1', undefined, 8)?.id).toBe('p2')
})

test('done uses it up: it never wipes again', () => {
  const all = permits()
  all.arm(wish, times, 0, 'p1')
  all.claim('duncan', 's1', undefined, 5)
  expect(all.end('duncan', 'done', 6)?.state).toBe('used')
  expect(all.claim('duncan', 's1', undefined, 7)).toBeUndefined()
  expect(all.end('duncan', 'withdraw', 8)).toBeUndefined()
})

test('an armed permit expires, and an install that never reports fails with the last thing seen', () => {
  const all = permits()
  all.arm(wish, times, 0, 'p1')
  all.arm({ ...wish, machine: 'macduff' }, times, 0, 'p2')
  all.claim('macduff', 's1', undefined, 500)
  all.seen('macduff', 'partitioning (12 %)')
  expect(all.expire(times, 999)).toEqual([])
  expect(all.expire(times, 1000)).toMatchObject([{ id: 'p1', state: 'expired' }])
  expect(all.expire(times, 5500)).toMatchObject([
    { id: 'p2', state: 'failed', why: 'it did not say done in time; last seen: partitioning (12 %)' },
  ])
  expect(all.expire(times, 99_999)).toEqual([])
})

test('a permit of a clock that was wrong opens nothing: it does not hold for a year because the clock was set back', () => {
  const all = permits()
  const wrong = 400 * 24 * 3600_000
  all.arm(wish, times, wrong, 'p1')
  expect(all.claim('duncan', 's1', undefined, 5)).toBeUndefined()
  expect(all.expire(times, 5)).toMatchObject([{ id: 'p1', state: 'expired' }])
  all.arm(wish, times, wrong, 'p2')
  all.claim('duncan', 's2', undefined, wrong)
  expect(all.expire(times, wrong - 60_000)).toEqual([])
  expect(all.expire(times, 5)).toMatchObject([{ id: 'p2', state: 'failed' }])
})

test('a disk that is full makes no permit and no claim, and stops no install that is claimed', () => {
  class FullDisk extends MemoryPermits {
    full = false
    override save(permit: Permit): void {
      if (this.full) throw new Error('database or disk is full')
      super.save(permit)
    }
  }
  const disk = new FullDisk()
  const all = permits(disk)
  disk.full = true
  expect(() => all.arm(wish, times, 0, 'p1')).toThrow('full')
  expect(all.of('duncan')).toBeUndefined()
  disk.full = false
  all.arm(wish, times, 0, 'p2')
  disk.full = true
  expect(() => all.claim('duncan', 's1', undefined, 5)).toThrow('full')
  expect(all.of('duncan')?.state).toBe('armed')
  disk.full = false
  all.claim('duncan', 's1', undefined, 6)
  disk.full = true
  all.seen('duncan', 'its answer was fetched')
  expect(all.of('duncan')?.lastSeen).toBe('its answer was fetched')
})

test('permits survive a restart, claimed ones with their session', () => {
  const store = new MemoryPermits()
  const before = permits(store)
  before.arm(wish, times, 0, 'p1')
  before.claim('duncan', 's1', '10.77.0.11', 5)
  const after = permits(store)
  expect(after.of('duncan')).toMatchObject({ state: 'claimed', session: 's1', address: '10.77.0.11' })
  expect(after.expire(times, 5005)).toHaveLength(1)
})
