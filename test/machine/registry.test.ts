import { expect, test } from 'vitest'
import { swapped } from '../../src/config/placeholders.ts'
import { Registry } from '../../src/machine/registry.ts'
import { parseMac } from '../../src/net/mac.ts'
import { aMachine, aProfile, aSite } from '../site.ts'

const other = parseMac('52:54:00:77:00:02')
const duncan = aMachine('duncan', { uuid: '11111111-2222-3333-4444-555555555555', serial: 'S1' })
const origin = { file: 'fleet.yaml', line: 3 }

test('the MAC decides; UUID and serial only help when no MAC is known', () => {
  const macduff = aMachine('macduff', { macs: [other], ip: '10.77.0.12' })
  const registry = new Registry(aSite({ machines: [duncan, macduff] }))
  expect(registry.recognise({ mac: other, uuid: duncan.uuid! })).toBe(macduff)
  expect(registry.recognise({ uuid: duncan.uuid! })).toBe(duncan)
  expect(registry.recognise({ mac: parseMac('02:00:00:00:00:99'), serial: 'S1' })).toBe(duncan)
  expect(registry.recognise({})).toBeUndefined()
})

test('a machine takes its own profile, else that of its strongest group', () => {
  const group = (name: string, priority: number, profile: string, machines: string[]) => ({
    name,
    priority,
    profile,
    machines,
    vars: {},
    origin,
  })
  const site = aSite({
    machines: [duncan],
    groups: [group('all', 50, 'weak', ['*']), group('kings', 10, 'strong', ['dun?an'])],
    profiles: [aProfile('weak', 'live'), aProfile('strong', 'live')],
  })
  expect(new Registry(site).profileOf(duncan)?.name).toBe('strong')
  expect(new Registry(site).profileOf({ ...duncan, profile: 'weak' })?.name).toBe('weak')
  expect(new Registry(site).groupsOf(duncan).map(({ name }) => name)).toEqual(['kings', 'all'])
})

test('a group pattern is a shell pattern, not a regular expression', () => {
  const group = { name: 'g', priority: 1, machines: ['d.ncan*'], vars: {}, origin }
  expect(new Registry(aSite({ machines: [duncan], groups: [group] })).groupsOf(duncan)).toEqual([])
})

test('whatever hangs on the port of a machine is that machine, unless the site knows it by itself', () => {
  const port = { circuit: '4769312f302f3137', remote: '7261636b2d34' }
  const db7 = aMachine('db-07', { macs: [], relay: port })
  const edge = aMachine('edge', { macs: [], relay: { remote: port.remote } })
  const desk = aMachine('desk', { macs: [], relay: { circuit: '07' } })
  const registry = new Registry(aSite({ machines: [duncan, db7, edge, desk] }))
  expect(registry.recognise({ mac: other, relay: port })).toBe(db7)
  expect(registry.recognise({ mac: duncan.macs[0]!, relay: port })).toBe(duncan)
  expect(registry.recognise({ mac: other, relay: { circuit: '01', remote: port.remote } })).toBe(edge)
  expect(registry.recognise({ mac: other, relay: { circuit: '07', remote: 'ff' } })).toBe(desk)
  expect(registry.recognise({ mac: other, relay: { circuit: port.circuit } })).toBeUndefined()
  expect(registry.recognise({ mac: other, relay: {} })).toBeUndefined()
})

test.each([
  '03000200-0400-0500-0006-000700080009',
  '00020003-0004-0005-0006-000700080009',
  '00010203-0405-0607-0809-0a0b0c0d0e0f',
  'fefefefe-fefe-fefe-fefe-fefefefefefe',
])('the placeholder %s of whole series of boards identifies nobody, in either byte order', (uuid) => {
  const registry = new Registry(aSite({ machines: [aMachine('duncan', { macs: [], uuid })] }))
  for (const said of [uuid, swapped(uuid)]) expect(registry.recognise({ uuid: said })).toBeUndefined()
})

test.each([
  'To Be Filled By O.E.M.',
  'System Serial Number',
  'Default string',
  'None',
  '0123456789',
  '0000000',
  'xxxxxxxx',
])('the serial number %s identifies nobody', (serial) => {
  const registry = new Registry(aSite({ machines: [aMachine('duncan', { macs: [], serial })] }))
  expect(registry.recognise({ serial })).toBeUndefined()
})
