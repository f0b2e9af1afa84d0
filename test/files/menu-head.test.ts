import { expect, test } from 'vitest'
import { pathOf } from '../../src/boot/session.ts'
import { checkHouse } from '../../src/api/check.ts'
import { mac, openHouse, type TestHouse } from '../house.ts'

const head = {
  'pxelinux/_head.cfg.hbs': 'SERIAL 0 115200\n\nSAY hail {{machine.name}}\r\n',
  'templates/menu/_head.ipxe.hbs': 'echo hail {{machine.name}}\n',
  'templates/menu/_head.grub.hbs': 'echo hail {{machine.name}}\n',
}

function given(house: TestHouse, name: string): string[] {
  return house.text(`${pathOf(house.house.sessions.arriving(mac, house.now))}${name}`).split('\n')
}

const pxelinux = 'pxelinux.cfg/01-52-54-00-77-00-01'

test("what a site writes above its menus stands first in each loader's own words", () => {
  using house = openHouse(head)
  expect(
    given(house, pxelinux)
      .filter((line) => !line.startsWith('#'))
      .slice(0, 3),
  ).toEqual(['SERIAL 0 115200', 'SAY hail duncan', 'DEFAULT local'])
  expect(
    given(house, 'boot.ipxe')
      .filter((line) => !line.startsWith('# '))
      .slice(0, 2),
  ).toEqual(['#!ipxe', 'echo hail duncan'])
  expect(given(house, 'grub.cfg').filter((line) => !line.startsWith('#'))[0]).toBe('echo hail duncan')
})

test('without one there is nothing above', () => {
  using house = openHouse()
  expect(given(house, pxelinux).filter((line) => !line.startsWith('#'))[0]).toBe('DEFAULT local')
})

test('pypxeboot, which dies of most words, is spared it', () => {
  using house = openHouse(head)
  expect(house.text(pxelinux)).not.toContain('SERIAL')
})

test.each([
  ['a variable without a value', 'SAY {{vars.none}}', /pxelinux\/_head\.cfg\.hbs:1.*vars\.none/],
  ['a control character', 'SAY \u001b[31m', /pxelinux\/_head\.cfg\.hbs.*control character/],
])('%s is told by check, and no machine gets half a menu', async (_what, text, wrong) => {
  using house = openHouse({ ...head, 'pxelinux/_head.cfg.hbs': `${text}\n` })
  const found = await checkHouse(house.house, house.shelf, () => Promise.resolve([]))
  expect(found.map(({ file, line, message }) => `${file}:${line} ${message}`)).toContainEqual(
    expect.stringMatching(wrong),
  )
  expect(house.ask(`${pathOf(house.house.sessions.arriving(mac, house.now))}${pxelinux}`)).toMatchObject({
    kind: 'refused',
    status: 500,
  })
})

test('a broken one is told for machines that iPXE alone can boot, too', async () => {
  using house = openHouse({
    'templates/menu/_head.ipxe.hbs': 'echo {{vars.none}}\n',
    'fleet.yaml':
      'machines: [{ name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: away }]\nprofiles: [{ name: away, kind: live, pixiecore: "http://inventory" }]\n',
  })
  const found = await checkHouse(house.house, house.shelf, () => Promise.resolve([]))
  expect(found.map(({ file, message }) => `${file} ${message}`)).toContainEqual(
    expect.stringMatching(/templates\/menu\/_head\.ipxe\.hbs.*vars\.none/),
  )
})
