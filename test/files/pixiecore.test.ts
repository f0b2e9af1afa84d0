import { expect, test } from 'vitest'
import { reinstall } from '../../src/api/desk.ts'
import { files, openHouse } from '../house.ts'

test('a live machine: its kernel, its initrd and its line, as whole URLs', () => {
  using house = openHouse()
  for (const mac of ['52:54:00:77:00:02', '52-54-00-77-00-02', '52:54:00:77:00:02'.toUpperCase()])
    expect(JSON.parse(house.text(`v1/boot/${mac}`, { from: '10.77.0.9' }))).toEqual({
      kernel: 'http://10.77.0.1/boot/vmlinuz',
      initrd: ['http://10.77.0.1/boot/initrd.gz'],
      cmdline: 'probe=http://10.77.0.1/a/52-54-00-77-00-02',
    })
})

test.each([
  ['a machine that boots its disk', '52:54:00:77:00:01'],
  ['a machine that nobody named', '52:54:00:77:00:99'],
])('%s is let alone', (_what, mac) => {
  using house = openHouse()
  expect(house.ask(`v1/boot/${mac}`)).toMatchObject({ kind: 'refused', status: 404 })
})

test('a machine that may be installed is let alone, and its permit stays', async () => {
  using house = openHouse()
  await reinstall(house.house, 'duncan', { by: 'a test' })
  expect(house.ask('v1/boot/52:54:00:77:00:01')).toMatchObject({ kind: 'refused', status: 404 })
  expect(house.house.permits.of('duncan')?.state).toBe('armed')
})

test('strangers get what the site gives them', () => {
  using house = openHouse({ 'birnam.yaml': 'address: 10.77.0.1\nstrangers: probe\n' })
  expect(JSON.parse(house.text('v1/boot/52:54:00:77:00:99'))).toMatchObject({ kernel: 'http://10.77.0.1/boot/vmlinuz' })
})

test.each([
  'v1/boot/',
  'v1/boot/frob',
  'v1/boot/52:54:00:77:00',
  'v1/boot/52:54:00:77:00:02/x',
  'v1/boot',
  'v2/boot/52:54:00:77:00:02',
])('%s is nothing', (name) => {
  using house = openHouse({ 'fleet.yaml': files['fleet.yaml']! })
  expect(house.ask(name)).toBeUndefined()
})
