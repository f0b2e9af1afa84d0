import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AtftpClient, PatientClient } from './clients.ts'
import { Line, lockStep, termsOf, wholeOf, type Client, type Fate, type LineOptions } from './line.ts'

/** Loses the first `count` ACKs of a block. */
function losingAcks(block: number, count: number): Fate {
  let lost = 0
  return (packet) => (packet.kind === 'ack' && packet.block === block && lost++ < count ? [] : [1])
}

/** Loses every block in `contents` the first time it is sent. */
function losing(...contents: readonly number[]): Fate {
  const left = new Set(contents)
  return (packet) => (packet.kind === 'data' && left.delete(packet.content) ? [] : [1])
}

/** Runs to the end, and the client must have the file whole and once. */
function deliver(options: LineOptions): Line {
  const line = new Line(options)
  expect(line.run()).toBe(true)
  expect(options.client.got).toEqual(wholeOf(options.blocks))
  return line
}

/** Never says a word. */
class Silence implements Client {
  readonly got: readonly number[] = []
  readonly state = 'waiting'
  hear(): void {}
  tick(): void {}
}

describe('what is sent', () => {
  test('goes block after block, each once, when nothing is lost', () => {
    const line = deliver({ terms: lockStep, blocks: 20, client: new PatientClient() })
    expect([...line.timesSent.values()]).toEqual(Array.from({ length: 20 }, () => 1))
  })

  test('goes in windows, an ACK for each, the last one as short as it is', () => {
    const line = deliver({ terms: termsOf(8), blocks: 20, client: new PatientClient(8) })
    const acks = line.sent.flatMap(({ packet }) => (packet.kind === 'ack' ? [packet.block] : []))
    expect(acks).toEqual([0, 8, 16, 20])
  })

  test.each([1, 2, 8, 9])('an empty or short file of %i blocks needs no full window', (blocks) => {
    deliver({ terms: termsOf(8), blocks, client: new PatientClient(8) })
    if (blocks === 1) deliver({ terms: lockStep, blocks, client: new PatientClient() })
  })

  test.each([
    ['blocks of 512 bytes in lock-step: 65,537 of them', lockStep, 65_537],
    ['33 MiB in windows of 64, lost in the middle of each turn of the number', termsOf(64), 67_584],
    ['more than two turns', termsOf(64), 131_080],
  ])('the number of a block goes round after 65,535: %s', (_what, terms, blocks) => {
    const client = new PatientClient(terms.windowsize, terms.acknowledged.length === 0)
    deliver({ terms, blocks, client, fate: losing(65_534, 65_535, 65_536, 65_537, 131_072) })
  })
})

describe('what is lost', () => {
  test.each(wholeOf(12))('block %i of 12 in windows of 4 is sent again soon', (lost) => {
    for (const terms of [lockStep, termsOf(4)]) {
      const client = new PatientClient(terms.windowsize, terms.acknowledged.length === 0)
      const line = deliver({ terms, blocks: 12, client, fate: losing(lost) })
      expect(line.now).toBeLessThan(400)
      expect(Math.max(...line.timesSent.values())).toBeLessThanOrEqual(3)
    }
  })

  test('a whole window', () => {
    const line = deliver({ terms: termsOf(4), blocks: 12, client: new PatientClient(4), fate: losing(5, 6, 7, 8) })
    expect(line.now).toBeLessThan(200)
  })

  test('behind a gap, the window goes on from the last block in order: RFC 7440', () => {
    const line = deliver({ terms: termsOf(4), blocks: 8, client: new PatientClient(4), fate: losing(3) })
    const data = line.sent.flatMap(({ packet }) => (packet.kind === 'data' ? [packet.content] : []))
    expect(data).toEqual([1, 2, 3, 4, 3, 4, 5, 6, 7, 8])
  })

  test('an ACK, at every place', () => {
    for (let lost = 1; lost <= 12; lost++) {
      const line = new Line({ terms: lockStep, blocks: 12, client: new PatientClient(), fate: losingAcks(lost, 1) })
      expect([lost, line.run()]).toEqual([lost, lost < 12 || line.now > 0])
    }
  })

  test('the OACK is sent again after 300 ms, without a second one for the RRQ that comes again just then', () => {
    let lost = false
    const fate: Fate = (packet) => (packet.kind === 'oack' && !lost ? ((lost = true), []) : [1])
    const line = deliver({ terms: termsOf(4), blocks: 8, client: new PatientClient(4), fate })
    const oacks = line.sent.filter(({ packet }) => packet.kind === 'oack')
    expect(oacks.map(({ at }) => at)).toEqual([0, 300])
  })

  test('the RRQ that comes again is answered by the same OACK, unless that has just been sent', () => {
    const line = new Line({ terms: termsOf(4), blocks: 8, client: new Silence() })
    const { transfer } = line
    transfer.start(0)
    transfer.requestedAgain(20)
    transfer.requestedAgain(40)
    expect(line.sent).toHaveLength(1)
    transfer.requestedAgain(100)
    expect(line.sent.map(({ packet }) => packet.kind)).toEqual(['oack', 'oack'])
    transfer.acknowledge(0, 101)
    transfer.requestedAgain(500)
    expect(line.sent).toHaveLength(2 + 4)
  })

  test('recovery is as quick as the network: three times what a window takes, but at least 50 ms', () => {
    const gap = (delay: number): number => {
      const lose = losing(11)
      const fate: Fate = (packet, now) => lose(packet, now).map(() => delay)
      const line = deliver({ terms: lockStep, blocks: 20, client: new PatientClient(), fate })
      const [first, again] = line.sent.filter(({ packet }) => packet.kind === 'data' && packet.content === 11)
      return again!.at - first!.at
    }
    expect(gap(1)).toBeLessThanOrEqual(60)
    expect(gap(100)).toBeGreaterThanOrEqual(550)
    expect(gap(100)).toBeLessThanOrEqual(610)
  })

  test('on a slow line nothing is sent twice once that is known (Karn)', () => {
    const line = deliver({ terms: lockStep, blocks: 30, client: new PatientClient(), fate: () => [400] })
    const extra = [...line.timesSent.values()].reduce((sum, times) => sum + times - 1, 0)
    expect(extra).toBeLessThanOrEqual(3)
  })
})

describe('what comes too often or too late', () => {
  test('a line that becomes slow in the middle, so that all was sent again in vain: it is learned, and does not go on', () => {
    const fate: Fate = (_packet, now) => [now < 10 ? 1 : 400]
    const line = deliver({ terms: lockStep, blocks: 60, client: new PatientClient(), fate })
    const late = [...line.timesSent].filter(([block, times]) => block > 15 && times > 1)
    expect(late).toEqual([])
  })

  test('every packet twice, and nothing is sent twice for that: no sorcerer’s apprentice', () => {
    for (const terms of [lockStep, termsOf(4)]) {
      const client = new PatientClient(terms.windowsize, terms.acknowledged.length === 0)
      const line = deliver({ terms, blocks: 40, client, fate: () => [1, 2] })
      expect(Math.max(...line.timesSent.values())).toBe(1)
    }
  })

  test('every ACK a second later again: at most one in twenty packets more', () => {
    const fate: Fate = (packet) => (packet.kind === 'ack' ? [1, 1000] : [30])
    const line = deliver({ terms: lockStep, blocks: 200, client: new PatientClient(), fate })
    const data = line.sent.filter(({ packet }) => packet.kind === 'data').length
    expect(data).toBeLessThanOrEqual(210)
  })

  test('the same ACK a thousand times sends nothing', () => {
    const { line, transfer } = started(3)
    for (let n = 0; n < 1000; n++) transfer.acknowledge(3, 20 + n / 1000)
    expect(line.sent).toEqual([])
  })

  test.each([
    ['an old one', 1],
    ['one of before the number went round', 65_000],
    ['one beyond what was sent', 5],
    ['half the numbers ahead', 32_771],
    ['the last of all', 40],
  ])('an ACK that is not for now changes nothing: %s', (_what, block) => {
    const { line, transfer } = started(3)
    transfer.acknowledge(block, 30)
    expect([line.sent, transfer.finished]).toEqual([[], false])
    transfer.acknowledge(4, 31)
    expect(line.sent.map(({ packet }) => packet)).toMatchObject([{ kind: 'data', content: 5 }])
  })

  test('an OACK is only acknowledged by ACK 0', () => {
    const line = new Line({ terms: termsOf(4), blocks: 8, client: new Silence() })
    line.transfer.start(0)
    line.transfer.acknowledge(1, 10)
    expect([line.sent.length, line.transfer.answered]).toEqual([1, false])
    line.transfer.acknowledge(0, 20)
    expect([line.sent.length, line.transfer.answered]).toEqual([5, true])
  })

  /** In lock-step, with so many blocks acknowledged at 10 ms each, and what was sent so far forgotten. */
  function started(acknowledged: number): { line: Line; transfer: Line['transfer'] } {
    const line = new Line({ terms: lockStep, blocks: 40, client: new Silence() })
    const { transfer } = line
    transfer.start(0)
    for (let block = 1; block <= acknowledged; block++) transfer.acknowledge(block, block)
    line.sent.length = 0
    return { line, transfer }
  }
})

describe('a client that says nothing', () => {
  test('from the start is sent four packets, which is little for whoever it was made up for', () => {
    const line = new Line({ terms: lockStep, blocks: 1000, client: new Silence() })
    expect(line.run()).toBe(false)
    expect(line.sent).toHaveLength(4)
    expect(line.now).toBeLessThanOrEqual(15_000)
  })

  test('and had asked for options is sent four OACKs and no byte of the file', () => {
    const line = new Line({ terms: termsOf(64), blocks: 1000, client: new Silence() })
    expect(line.run()).toBe(false)
    expect(line.sent.map(({ packet }) => packet.kind)).toEqual(['oack', 'oack', 'oack', 'oack'])
  })

  test.each([
    ['in lock-step', lockStep, 12, 45],
    ['with a timeout of 1 s', termsOf(1, 1), 12, 45],
    ['with a timeout of 60 s', termsOf(1, 60), 12, 300],
    ['with a timeout of 255 s, of which it has two', termsOf(1, 255), 12, 600],
  ])('after its first ACK is given up, after few packets: %s', (_what, terms, most, seconds) => {
    const fate: Fate = (packet) => (packet.kind === 'ack' && packet.block > 1 ? [] : [1])
    const client = new PatientClient(1, terms.acknowledged.length === 0)
    const line = new Line({ terms, blocks: 12, client, fate })
    expect(line.run()).toBe(false)
    expect(line.timesSent.get(2)).toBeLessThanOrEqual(most)
    expect(line.now).toBeLessThan(seconds * 1000)
  })

  test('for four seconds after every ACK, as one that writes to flash, has its file', () => {
    const fate: Fate = (packet) => (packet.kind === 'ack' ? [4000] : [1])
    deliver({ terms: lockStep, blocks: 6, client: new PatientClient(), fate })
  })

  test('and then repeats its ACK in our silence is answered at once', () => {
    const fate: Fate = (_packet, now) => (now > 10 && now < 6000 ? [] : [1])
    const line = deliver({ terms: lockStep, blocks: 20, client: new PatientClient(), fate })
    expect(line.now).toBeLessThan(10_200)
  })

  test('at the end: all was sent, only its last ACK is missing', () => {
    const line = new Line({ terms: lockStep, blocks: 2, client: new PatientClient(), fate: losingAcks(2, 99) })
    expect(line.run()).toBe(false)
    expect([line.transfer.ending, line.transfer.finished]).toEqual([true, false])
  })
})

describe('atftp, which repeats an ACK once and then only after five seconds of silence', () => {
  test.each([
    ['lock-step', lockStep, 2],
    ['lock-step, and the ACKs after a silence are lost too', lockStep, 4],
    ['windows of 4', termsOf(4), 2],
    ['a timeout of 1 second was agreed on', termsOf(1, 1), 2],
    ['a timeout of 20 seconds was agreed on', termsOf(1, 20), 3],
  ])('%s: it is left the silence it needs', (_what, terms, lost) => {
    const client = new AtftpClient(terms.windowsize, terms.acknowledged.length === 0)
    deliver({ terms, blocks: 12, client, fate: losingAcks(4, lost) })
  })

  test('the ACKs of the very first block are lost', () => {
    deliver({ terms: lockStep, blocks: 3, client: new AtftpClient(), fate: losingAcks(1, 2) })
  })

  test('after a silence a lost block is sent again as quickly as before', () => {
    const [lostAcks, lostBlock] = [losingAcks(4, 2), losing(9)]
    const fate: Fate = (packet, now) => lostAcks(packet, now).flatMap(() => lostBlock(packet, now))
    const line = deliver({ terms: lockStep, blocks: 12, client: new AtftpClient(), fate })
    const [first, again] = line.sent.filter(({ packet }) => packet.kind === 'data' && packet.content === 9)
    expect(again!.at - first!.at).toBeLessThanOrEqual(60)
  })
})

describe('on a bad line', () => {
  const bad = fc.record({
    seed: fc.integer(),
    loss: fc.constantFrom(0, 0.01, 0.05, 0.2),
    doubled: fc.constantFrom(0, 0.05, 0.5),
    late: fc.constantFrom(0, 0.25),
    windowsize: fc.constantFrom(1, 2, 4, 16, 64),
    blocks: fc.integer({ min: 1, max: 200 }),
    kind: fc.constantFrom('patient', 'atftp'),
  })

  test('the client has the right blocks in the right order, or part of them and a clean end; most have them all', () => {
    let whole = 0
    const runs = 300
    const property = fc.property(bad, ({ seed, loss, doubled, late, windowsize, blocks, kind }) => {
      const random = randomFrom(seed)
      const delay = (): number => (random() < late ? 1 + Math.floor(random() * 40) : 1)
      const fate: Fate = () => {
        if (random() < loss) return []
        return random() < doubled ? [delay(), delay()] : [delay()]
      }
      const terms = windowsize === 1 ? lockStep : termsOf(windowsize)
      const client = kind === 'atftp' ? new AtftpClient(windowsize) : new PatientClient(windowsize)
      const finished = new Line({ terms, blocks, client, fate }).run()
      expect(client.got).toEqual(wholeOf(client.got.length))
      if (finished) expect(client.got.length).toBe(blocks)
      if (client.got.length === blocks) whole++
    })
    fc.assert(property, { numRuns: runs, seed: 20_261_123 })
    // Some lose their OACK twice, or their retries: that is the client's end, not ours.
    expect(whole).toBeGreaterThan(runs * 0.85)
  })
})

/** mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
