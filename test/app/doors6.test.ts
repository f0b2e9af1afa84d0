import { pino } from 'pino'
import { expect, test } from 'vitest'
import { openDoors6 } from '../../src/app/doors6.ts'
import { Book6 } from '../../src/dhcp6/book.ts'
import { openHouse } from '../house.ts'

const dhcp6 = 'dhcp6: { interfaces: [nowhere0], subnets: [{ cidr: "fd77::/64" }] }\n'

test.each([
  ['0.0.0.0', 1],
  // It hears IPv6 already.
  ['"::"', 0],
])('with HTTP on %s, files over IPv6 are opened once, however often the site changes', async (address, https) => {
  using core = openHouse({ 'birnam.yaml': `address: 10.77.0.1\nhttp: { address: ${address} }\n${dhcp6}` })
  const opened: string[] = []
  const open = (name: string) => (): Promise<{ listener: { name: string; state: 'listening'; where: string } }> => {
    opened.push(name)
    return Promise.resolve({ listener: { name, state: 'listening', where: '[::]' } })
  }
  const doors = await openDoors6({
    core,
    book6: new Book6(),
    log: pino({ enabled: false }),
    openHttp: open('http'),
    openTftp: open('tftp'),
  })
  const settings = core.house.registry.site.server.dhcp6
  await Promise.all([doors.update(settings), doors.update(settings)])
  await doors.update(settings)
  expect(opened.toSorted()).toEqual(https === 1 ? ['http', 'tftp'] : ['tftp'])
  expect(doors.counters()).toHaveProperty('dhcp6')
  await doors.stop()
  await doors.close()
})
