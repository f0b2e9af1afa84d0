import { execFileSync } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { advise } from '../../src/files/advise.ts'
import type { Client } from '../../src/boot/client.ts'
import { ConsoleDesk } from '../../src/api/console.ts'
import { reinstall } from '../../src/api/desk.ts'
import { loadSite } from '../../src/config/read.ts'
import { Registry } from '../../src/machine/registry.ts'
import { parseMac, type Mac } from '../../src/net/mac.ts'
import { files, mac, openHouse, own, type TestHouse } from '../house.ts'
import { aMachine } from '../site.ts'

const hash = execFileSync('openssl', ['passwd', '-6', '-salt', 'wood', 'dunsinane'], { encoding: 'utf8' }).trim()
const strange = parseMac('52:54:00:77:00:99')
const menus = `
  - { name: first, kind: menu, title: What shall it be, entries: [probe, more, web, local], timeout: 20 }
  - { name: more, kind: menu, entries: [first, rescue] }
  - { name: locked, kind: menu, entries: [web, probe], password: ${hash} }
  - { name: guests, kind: menu, entries: [discover, rescue] }
  - { name: rescue, kind: live, kernel: boot/vmlinuz, initrd: [boot/initrd.gz], args: rescue=yes }
`

interface Scene extends TestHouse {
  readonly desk: ConsoleDesk
  /** A ROM or loader asks for its address; the path of its boot session. */
  boot(card?: Mac): string
  /** What the machine at that address reads there. */
  reads(path: string, query?: Record<string, string>, from?: string): string
}

function openScene(profile = 'first', server = ''): Scene {
  const fleet = files['fleet.yaml']!.replace('profile: web', `profile: ${profile}`) + menus.slice(1)
  const house = openHouse({ 'fleet.yaml': fleet, 'birnam.yaml': `address: 10.77.0.1\n${server}` })
  house.leases.set(strange, '10.77.0.150')
  const desk = new ConsoleDesk(() => house.house)
  Object.assign(house.house, { console: desk })
  return Object.assign(house, {
    desk,
    boot(card = mac) {
      const client: Client = { door: 'dhcp', asker: 'ipxe', mac: card, arch: 0 }
      return advise(house.house, client, '10.77.0.1')
        .boot!.file.replace(/^http:..[^/]*\//, '')
        .replace(/[^/]*$/, '')
    },
    reads: (path: string, query = {}, from = own) => house.text(path, { from, query: new URLSearchParams(query) }),
  })
}

test('a menu: its title, what can be chosen, and the disk when nobody does', () => {
  using scene = openScene()
  const path = scene.boot()
  const script = scene.reads(`${path}boot.ipxe`)
  expect(script).toMatch(
    /^menu What shall it be\nitem --key 1 probe 1\) live: probe\nitem --key 2 more 2\) more\nitem --key 3 web 3\) install: web\nitem --key 4 local 4\) Boot from/m,
  )
  expect(script).toContain('choose --default local --timeout 20000 chosen || goto local')
  expect(script).toMatch(
    new RegExp(`^:web\nchain --replace http://10.77.0.1/${path}choose/web/boot.ipxe \\|\\| goto ~failed$`, 'm'),
  )
  expect(scene.reads(`${path}grub.cfg`)).toMatch(
    /--id 'more' \{\n {2}configfile '\/s\/[^/]+\/choose\/more\/grub.cfg'\n\}/,
  )
  expect(scene.reads(`${path}pxelinux.cfg/default`)).toMatch(
    /^DEFAULT local\nPROMPT 1\nTIMEOUT 200\n[^]*LABEL more\n {2}MENU LABEL more\n {2}CONFIG choose\/more\/pxelinux.cfg$/m,
  )
})

test('whatever is chosen is what the machine is for the rest of its boot: its menu, its answer', () => {
  using scene = openScene()
  const path = scene.boot()
  const script = scene.reads(`${path}choose/probe/boot.ipxe`)
  const [, url] = /probe=http:\/\/10.77.0.1\/(\S+)/.exec(script)!
  expect(scene.reads(url!)).toBe('I am duncan\n')
  expect(scene.reads(`${path}choose/more/boot.ipxe`)).toContain('rescue 2) live: rescue')
  expect(scene.reads(`${path}choose/rescue/grub.cfg`)).toContain('rescue=yes')
  expect(scene.reads(`${path}choose/local/pxelinux.cfg`)).toMatch(
    /^# .*the disk was chosen[^]*DEFAULT local\nPROMPT 0/m,
  )
})

test('who asks without a boot session, as a Xen guest does, is given nothing to choose: its disk', () => {
  using scene = openScene()
  scene.boot()
  expect(scene.reads('pxelinux.cfg/01-52-54-00-77-00-01')).toMatch(
    /DEFAULT local\nPROMPT 0\n\nLABEL local[^]*LOCALBOOT 0\n$/,
  )
})

test('another boot begins with the menu again', () => {
  using scene = openScene()
  scene.reads(`${scene.boot()}choose/probe/boot.ipxe`)
  scene.now += 60_000
  expect(scene.reads(`${scene.boot()}boot.ipxe`)).toContain('2) more')
})

test.each([
  ['what the menu does not offer', 'choose/rescue2/boot.ipxe', own],
  ['a wait for a name, by a machine that has one', 'choose/discover/boot.ipxe', own],
  ['from a foreign address', 'choose/probe/boot.ipxe', '10.77.0.99'],
  ['a name that is none', 'choose/../boot.ipxe', own],
  ['a loader that there is not', 'choose/probe/boot.txt', own],
])('nothing is chosen: %s', (_title, name, from) => {
  using scene = openScene()
  expect(scene.reads(scene.boot() + name, {}, from)).toContain('no text')
})

test('an entry that wipes waits, and wipes nothing, until an operator allows it; then it goes on without a reboot', async () => {
  using scene = openScene()
  const path = scene.boot()
  const waits = scene.reads(`${path}choose/web/boot.ipxe`)
  expect(waits).toContain('Nothing is wiped until somebody says: birnam reinstall duncan --to web')
  expect(waits).toMatch(/choose --default again --timeout 5000/)
  expect(waits).not.toContain('boot/vmlinuz')
  await expect(reinstall(scene.house, 'duncan', { by: 'lady' })).rejects.toThrow(
    'duncan has the menu profile first, which installs nothing',
  )
  await expect(reinstall(scene.house, 'duncan', { by: 'lady', to: 'probe' })).rejects.toThrow('does not offer probe')
  await reinstall(scene.house, 'duncan', { by: 'lady', to: 'web' })
  const script = scene.reads(`${path}choose/web/boot.ipxe`)
  expect(script).toContain('goto web')
  expect(script).toMatch(/boot\/vmlinuz .*url=http:\/\/10.77.0.1\/a\//)
  expect(scene.house.permits.of('duncan')).toMatchObject({ state: 'claimed', target: 'web' })
})

test('what an operator has allowed before goes ahead of the menu, and afterwards the menu is back', async () => {
  using scene = openScene()
  await reinstall(scene.house, 'duncan', { by: 'lady', to: 'web' })
  expect(scene.reads(`${scene.boot()}boot.ipxe`)).toContain('goto web')
  scene.house.permits.end('duncan', 'done', scene.now)
  scene.now += 60_000
  expect(scene.reads(`${scene.boot()}boot.ipxe`)).toContain('2) more')
})

test('with a password a person at the console may allow it; a wrong one is told, and the sixth is not even looked at', async () => {
  using scene = openScene('locked')
  const path = scene.boot()
  expect(scene.reads(`${path}boot.ipxe`)).toMatch(
    /^:web\nlogin \|\| goto ~menu\nchain --replace \S+web\/boot.ipxe\?user=\$\{username:uristring\}&password=\$\{password:uristring\} /m,
  )
  const tries = async (password: string): Promise<string> => {
    scene.reads(`${path}choose/web/boot.ipxe`, { user: 'banquo', password })
    for (
      let left = 200;
      left > 0 && !scene.desk.refusal({ id: path.slice(2, -1) }) && !scene.house.permits.of('duncan');
      left--
    )
      await wait(20)
    return scene.reads(`${path}choose/web/boot.ipxe`)
  }
  expect(await tries('inverness')).toContain('menu That password was wrong. Nothing is wiped until')
  expect(scene.house.permits.of('duncan')).toBeUndefined()
  expect(await tries('dunsinane')).toContain('boot/vmlinuz')
  expect(scene.house.permits.of('duncan')).toMatchObject({ state: 'claimed', by: 'console banquo' })
  expect(JSON.stringify(scene.events())).not.toMatch(/inverness|dunsinane/)
})

test('a console is shut for ten minutes after five wrong passwords', async () => {
  using scene = openScene('locked')
  const path = scene.boot()
  const id = path.slice(2, -1)
  for (let n = 0; n < 6; n += 1) {
    scene.reads(`${path}choose/web/boot.ipxe`, { user: 'x', password: n === 5 ? 'dunsinane' : 'wrong' })
    for (let left = 200; left > 0 && !scene.desk.refusal({ id }); left--) await wait(20)
  }
  expect(scene.desk.refusal({ id })).toBe('Too many wrong passwords: wait ten minutes')
  expect(scene.house.permits.of('duncan')).toBeUndefined()
})

test('strangers: a machine tells what it is and waits; named while it waits, it goes on as what it is now', () => {
  using scene = openScene('first', 'strangers: discover\n')
  const path = scene.boot(strange)
  expect(path).toMatch(/^s\//)
  const first = scene.reads(`${path}boot.ipxe`, {}, '10.77.0.150')
  expect(first).toMatch(/goto again[^]*choose\/discover\/boot.ipxe\?uuid=\$\{uuid\}&serial=\$\{serial:uristring\}/)
  const board = { serial: 'SN-42', manufacturer: 'Forres', product: 'Heath 3', uuid: '', asset: 'x\ny' }
  expect(scene.reads(`${path}choose/discover/boot.ipxe`, board, '10.77.0.150')).toContain(
    'menu Nobody named this machine yet: 52:54:00:77:00:99',
  )
  expect(scene.desk.list()).toMatchObject([
    { mac: strange, serial: 'SN-42', product: 'Heath 3', address: '10.77.0.150' },
  ])
  expect(scene.desk.list()[0]).not.toHaveProperty('asset')
  rename(scene, { name: 'banquo', serial: 'SN-42', profile: 'rescue' })
  const named = scene.reads(`${path}choose/discover/boot.ipxe`, board, '10.77.0.150')
  expect(named).toContain('# Birnam for banquo: live')
  expect(named).toContain('rescue=yes')
  expect(scene.desk.list()).toEqual([])
})

test('strangers with a menu: what boots without wiping, and the wait for a name', () => {
  using scene = openScene('first', 'strangers: guests\n')
  const path = scene.boot(strange)
  const menu = scene.reads(`${path}pxelinux.cfg/01-52-54-00-77-00-99`, {}, '10.77.0.150')
  expect(menu).toMatch(/LABEL discover\n[^]*LABEL rescue\n[^]*LABEL local/)
  expect(scene.reads(`${path}choose/rescue/pxelinux.cfg`, {}, '10.77.0.150')).toContain('rescue=yes')
})

test('strangers never get a menu that wipes, however deep', () => {
  const fleet = files['fleet.yaml']! + menus.slice(1)
  const open = (): TestHouse => openHouse({ 'fleet.yaml': fleet, 'birnam.yaml': 'strangers: first\n' })
  expect(open).toThrow('web wipes disks: not for machines that nobody named')
})

test.each([
  ['an entry that is no profile', '{ name: m, kind: menu, entries: [nobody] }', 'there is no profile nobody'],
  ['nothing to choose', '{ name: m, kind: menu, entries: [] }', 'entries'],
  ['twice the same', '{ name: m, kind: menu, entries: [probe, probe] }', 'probe stands twice in this menu'],
  [
    'a word of its own as a profile',
    '{ name: local, kind: menu, entries: [local] }',
    'local means something else in a menu',
  ],
  [
    'a password in the clear, which is not repeated',
    '{ name: m, kind: menu, entries: [probe], password: dunsinane }',
    'not the hash of a password',
  ],
  [
    'a title that loaders would read',
    '{ name: m, kind: menu, entries: [probe], title: "a\\nb" }',
    'not a title that every loader can show',
  ],
  ['no time', '{ name: m, kind: menu, entries: [probe], timeout: 0 }', 'timeout'],
])('mistakes: %s', (_title, profile, message) => {
  const fleet = `${files['fleet.yaml']!}  - ${profile}\n`
  let said = ''
  try {
    using house = openHouse({ 'fleet.yaml': fleet })
    said = house.directory
  } catch (error) {
    said = String(error)
  }
  expect(said).toContain(message)
  expect(said).not.toContain('dunsinane')
})

/** As if the site had been written anew while the machine waited. */
function rename(scene: TestHouse, { name, ...change }: { name: string; serial: string; profile: string }): void {
  const site = loadSite(scene.directory)
  const banquo = aMachine(name, { macs: [], ...change })
  const { ip: _ip, ...unnamed } = banquo
  Object.assign(scene.house, { registry: new Registry({ ...site, machines: [...site.machines, unnamed] }) })
}
