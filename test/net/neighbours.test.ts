import { expect, test } from 'vitest'
import { neighbour, readNeighbours } from '../../src/net/neighbours.ts'

test('the table of neighbours names the card of each address that answered', () => {
  const text = `IP address       HW type     Flags       HW address            Mask     Device
10.77.0.9        0x1         0x2         52:54:00:aa:bb:cc     *        eth1
10.77.0.8        0x1         0x0         00:00:00:00:00:00     *        eth1
nonsense
`
  expect([...readNeighbours(text)]).toEqual([['10.77.0.9', '52:54:00:aa:bb:cc']])
  expect(neighbour('192.0.2.77')).toBeUndefined()
})
