import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readSyslinuxCookies } from '../../src/files/syslinux-cookies.ts'
import { arm, openHouse } from '../house.ts'

const all =
  '_Syslinux_BOOTIF=01-52-54-00-77-00-02; _Syslinux_SYSUUID=78563412-3412-3412-1234-525400770001; _Syslinux_CPU=6PJKXLV; _Syslinux_SYSSERIAL=SN%207'

test.each([
  [all, { mac: '52:54:00:77:00:02', uuid: '78563412-3412-3412-1234-525400770001', serial: 'SN 7' }],
  ['other=1; _Syslinux_SYSSERIAL=SN-7', { serial: 'SN-7' }],
  [
    '_Syslinux_SYSUUID=00000000-0000-0000-0000-000000000000; _Syslinux_BOOTIF=01-52-54-00-77-00-02',
    { mac: '52:54:00:77:00:02' },
  ],
])('%s says who asks', (header, wanted) => {
  expect(readSyslinuxCookies(header)).toEqual(wanted)
})

test.each([
  undefined,
  '',
  'BOOTIF=01-52-54-00-77-00-02',
  '_Syslinux_BOOTIF',
  '_Syslinux_BOOTIF=',
  '_Syslinux_BOOTIF=52-54-00-77-00-02',
  '_Syslinux_BOOTIF=20-52-54-00-77-00-02',
  '_Syslinux_SYSUUID=zz; _Syslinux_SYSSERIAL=%00%0a',
  '_Syslinux_SYSSERIAL=%ff',
  `_Syslinux_SYSSERIAL=${'x'.repeat(5000)}`,
])('%j says nothing', (header) => {
  expect(readSyslinuxCookies(header)).toBeUndefined()
})

test('no cookie is too strange to be read', () => {
  fc.assert(fc.property(fc.string(), (text) => void readSyslinuxCookies(`_Syslinux_${text}`)))
})

test('the default menu is that of the machine that the cookies name, and a boot session needs none', () => {
  using house = openHouse()
  const cookie = '_Syslinux_BOOTIF=01-52-54-00-77-00-02'
  const asked = { from: '10.77.0.199', headers: { cookie } }
  expect(house.text('pxelinux.cfg/default', asked)).toContain('Birnam for macduff')
  expect(house.text('pxelinux.cfg/default', { ...asked, headers: {} })).not.toContain('macduff')
})

test('a machine that calls itself another one by its cookies learns no secret', () => {
  using house = openHouse()
  arm(house)
  const text = house.text('pxelinux.cfg/default', {
    from: '10.77.0.199',
    headers: { cookie: '_Syslinux_BOOTIF=01-52-54-00-77-00-01' },
  })
  expect(text).toContain('Birnam for duncan: local')
  expect(text).not.toMatch(/[0-9a-f]{32}/)
})
