import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { troublesOf, whyUnwritable } from '../../src/app/troubles.ts'
import { aSite } from '../site.ts'

test('an address that this host does not have is told with those that it has', () => {
  expect(troublesOf(aSite({}, { address: '203.0.113.99' }), undefined)).toMatchObject([
    {
      severity: 'warning',
      message: expect.stringMatching(
        /^address 203\.0\.113\.99 is on none of this host's interfaces \(it has /,
      ) as unknown,
    },
  ])
})

test('what the disk said when it took nothing is told first', () => {
  const [first] = troublesOf(aSite({}, { address: '127.0.0.1' }), '/nowhere/data', 'database or disk is full')
  expect(first).toMatchObject({
    severity: 'error',
    message: 'the disk of /nowhere/data is full: nothing can be written, and new machines get no address until it can',
  })
})

test('an interface that this host does not have is told with those that it has', () => {
  const dhcp = { mode: 'server' as const, interfaces: ['lo', 'birnam-none'], subnets: [] }
  expect(troublesOf(aSite({}, { address: '127.0.0.1', dhcp }), undefined)).toMatchObject([
    {
      severity: 'warning',
      message: 'dhcp.interfaces: there is no interface birnam-none on this host',
      file: 'birnam.yaml',
    },
  ])
})

test('where there is room, and an address of this host, there is nothing to tell', () => {
  expect(troublesOf(aSite({}, { address: '127.0.0.1' }), '/nowhere/data')).toEqual([])
  expect([whyUnwritable(tmpdir()), whyUnwritable('/nowhere/data')]).toEqual([undefined, undefined])
})
