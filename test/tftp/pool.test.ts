import { expect, test } from 'vitest'
import { dgramUdp } from '../../src/net/udp-dgram.ts'
import type { Udp } from '../../src/net/udp.ts'
import { Pool } from '../../src/tftp/pool.ts'

const handlers = { onMessage() {}, onError() {} }

test('a client’s next transfer never leaves from the port of its last one', async () => {
  const pool = await Pool.open(dgramUdp, '127.0.0.1', [0, 0], handlers)
  for (let n = 0; n < 20; n++) {
    const last = pool.take(7)
    expect([pool.wasLast(7, last), pool.wasLast(9, last)]).toEqual([true, false])
    if (n % 3 === 0) pool.take(8)
    expect(pool.take(7)).not.toBe(last)
  }
  await pool.close()
})

test('when one socket cannot be had, those that were opened are closed', async () => {
  const opened: number[] = []
  const stingy: Udp = {
    kind: 'dgram',
    async open(options) {
      if (opened.length === 3) throw new Error('no more sockets')
      const socket = await dgramUdp.open(options)
      opened.push(socket.port)
      return socket
    },
  }
  await expect(Pool.open(stingy, '127.0.0.1', Array<number>(8).fill(0), handlers)).rejects.toThrow('no more sockets')
  const again = await Promise.all(opened.map((port) => dgramUdp.open({ address: '127.0.0.1', port, ...handlers })))
  await Promise.all(again.map((socket) => socket.close()))
})
