import { describe, expect, test } from 'vitest'
import { AtftpClient } from './clients.ts'
import { Line, lockStep, termsOf, wholeOf, type Fate } from './line.ts'

/** Loses the first `count` ACKs of a block. */
function losingAcks(block: number, count: number): Fate {
  let lost = 0
  return (packet) => (packet.kind === 'ack' && packet.block === block && lost++ < count ? [] : [1])
}

describe('atftp, which repeats an ACK once and then only after five seconds of silence', () => {
  test.each([
    ['lock-step', lockStep, 2],
    ['lock-step, and two ACKs after a silence are lost too', lockStep, 4],
    ['windows of 4', termsOf(4), 2],
    ['a timeout of 1 second was agreed on', termsOf(1, 1), 2],
    ['a timeout of 20 seconds was agreed on', termsOf(1, 20), 3],
  ])('%s: it is left the silence it needs', (_what, terms, lost) => {
    const client = new AtftpClient(terms.windowsize, terms.acknowledged.length === 0)
    const line = new Line({ terms, blocks: 12, client, fate: losingAcks(4, lost) })
    expect(line.run()).toBe(true)
    expect(client.got).toEqual(wholeOf(12))
  })

  test('the ACKs of the very first block are lost', () => {
    const client = new AtftpClient()
    const line = new Line({ terms: lockStep, blocks: 3, client, fate: losingAcks(1, 2) })
    expect(line.run()).toBe(true)
    expect(client.got).toEqual(wholeOf(3))
  })
})
