import { expect, test } from 'vitest'
import { reinstall } from '../../src/api/desk.ts'
import { advisor6 } from '../../src/app/forecast.ts'
import { advise } from '../../src/files/advise.ts'
import type { Client } from '../../src/boot/client.ts'
import { parseMac } from '../../src/net/mac.ts'
import { files, openHouse, type TestHouse } from '../house.ts'

const uuid = '4c4c4544-0042-3510-8052-b4c04f4e3732'
const foreign = parseMac('02:66:66:66:66:77')
const theirs = '10.77.0.66'
const fleet = files['fleet.yaml']!.replace('profile: web', `profile: web, uuid: ${uuid}, serial: CZ1234567`)
const secret = '$6$salt$secret'
const rom: Client = { door: 'dhcp', asker: 'firmware', arch: 0, mac: foreign }

/** A house in which duncan, who names his card, may be installed, and a foreign card has an address. */
async function openArmed(server = ''): Promise<TestHouse> {
  const house = openHouse({ 'fleet.yaml': fleet, 'birnam.yaml': `address: 10.77.0.1\n${server}` })
  house.leases.set(foreign, theirs)
  await reinstall(house.house, 'duncan', { by: 'a test' })
  return house
}

function pathIn(file: string): string {
  return file.replace(/^http:..[^/]*\//, '').replace(/[^/]*$/, '')
}

/** Every name under which a loader asks for its menu in its boot session; none of them may install, tell a secret or claim. */
function expectDisk(house: TestHouse, path: string): void {
  for (const name of ['pxelinux.cfg/default', 'boot.ipxe', 'grub.cfg', `pxelinux.cfg/${uuid}`]) {
    const menu = house.text(`${path}${name}`, { from: theirs })
    expect(menu, name).toContain('duncan: local: permit')
    expect(menu, name).toContain(
      '02:66:66:66:66:77 asks, and a machine that names MAC addresses is wiped by those alone',
    )
    expect(menu, name).not.toMatch(/vmlinuz|\/a\/|\$6\$/)
  }
  const session = house.house.sessions.current(foreign)!
  const answer = house.ask(`a/${house.house.sessions.tokenOf(session)}`, { from: theirs })
  expect(answer).toMatchObject({ kind: 'refused', status: 403 })
  expect(house.house.permits.of('duncan')?.state).toBe('armed')
  const given = house.events().filter(({ type }) => type === 'menu.given')
  expect(given.at(0)?.detail).toMatchObject({ plan: 'local', why: expect.stringContaining('wiped by those alone') })
}

test('a foreign card that says the UUID of a machine boots, and is never given its install', async () => {
  using house = await openArmed()
  expectDisk(house, pathIn(advise(house.house, { ...rom, uuid }, '10.77.0.1').boot!.file))
})

test('so over DHCPv6', async () => {
  using house = await openArmed()
  const advice = advisor6(house.house).advise({ ...rom, arch: 7, uuid }, 'fd77::1')
  expect(advice.machine).toBe('duncan')
  expectDisk(house, pathIn(advice.boot!.file))
})

test.each([
  ['serial number', { serial: 'CZ1234567' }],
  ['UUID', { uuid }],
])('so a card that tells the %s of a machine while it waits for a name', async (_, said) => {
  using house = await openArmed('strangers: discover\n')
  const path = pathIn(advise(house.house, rom, '10.77.0.1').boot!.file)
  house.text(`${path}choose/discover/boot.ipxe`, { from: theirs, query: new URLSearchParams(said) })
  expectDisk(house, path)
})

test('what others say at names without a boot session installs nobody', async () => {
  using house = await openArmed()
  const query = new URLSearchParams({ uuid, mac: foreign })
  const headers = { 'x-system-serial-number': 'CZ1234567' }
  const cookie = `_Syslinux_BOOTIF=01-02-66-66-66-66-77; _Syslinux_SYSUUID=${uuid}`
  for (const from of [theirs, '10.77.0.11']) {
    for (const name of ['ipxe', 'grub']) expect(house.text(name, { from, query })).not.toMatch(/vmlinuz|\/a\//)
    expect(house.text('pxelinux.cfg/default', { from, headers: { cookie } })).not.toContain('vmlinuz')
    expect(house.ask('a', { from, headers })).toMatchObject({ kind: 'refused' })
    expect(house.text(`v1/boot/${foreign}`, { from, headers })).not.toContain(secret)
  }
  expect(house.house.permits.of('duncan')?.state).toBe('armed')
})
