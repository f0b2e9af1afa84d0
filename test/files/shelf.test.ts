import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { normalise, splitSession } from '../../src/files/names.ts'
import { openHouse } from '../house.ts'

test('what lies under files/ is served under its own name; what a profile names, under that', () => {
  using house = openHouse()
  expect(house.ask('hello.txt')).toMatchObject({ kind: 'file', size: 5 })
  expect(house.ask('/hello.txt')).toMatchObject({ kind: 'file', size: 5 })
  expect(house.ask('//boot/vmlinuz')).toMatchObject({ kind: 'file', size: 6 })
})

test('nothing else of the site is served: not its YAML, its answers or its directories', () => {
  using house = openHouse()
  for (const name of [
    'birnam.yaml',
    'fleet.yaml',
    'answers/web.hbs',
    'files',
    'files/hello.txt',
    'boot',
    'kickstart/debian/server.cfg.hbs',
  ]) {
    expect(house.ask(name), name).toBeUndefined()
  }
})

test.each([
  '../fleet.yaml',
  'x/../../fleet.yaml',
  '/etc/passwd',
  '..\\fleet.yaml',
  'boot/vmlinuz\0',
  'boot/./vmlinuz/..',
  '%2e%2e/fleet.yaml',
  'a'.repeat(10_000),
  's/',
  's//',
  's/../fleet.yaml',
  's/525400770001-t5x2k1-00000000000000000000/boot/vmlinuz',
  '\ud800',
  '',
  '/',
])('a hostile name finds nothing: %#', (name) => {
  using house = openHouse()
  const finding = house.ask(name)
  expect(finding === undefined || finding.kind === 'refused').toBe(true)
})

test('a file that comes is found within a second, also when the clock was set back', () => {
  using house = openHouse()
  expect(house.ask('late.txt')).toBeUndefined()
  writeFileSync(join(house.directory, 'files/late.txt'), 'late')
  house.now -= 2 * 3_600_000
  expect(house.ask('late.txt')).toMatchObject({ kind: 'file', size: 4 })
})

test('a link out of the site leads nowhere', () => {
  using house = openHouse()
  mkdirSync(join(house.directory, 'files/sub'))
  symlinkSync('/etc/passwd', join(house.directory, 'files/passwd'))
  symlinkSync('/etc', join(house.directory, 'files/sub/etc'))
  expect(house.ask('passwd')).toBeUndefined()
  expect(house.ask('sub/etc/passwd')).toBeUndefined()
})

test('a machine is known by its MAC in the name, its serial header, or its lease', () => {
  using house = openHouse()
  const macduff = house.house.registry.named('macduff')!.macs[0]!
  expect(house.text('a/52-54-00-77-00-02', { from: '10.9.9.9' })).toBe('I am macduff\n')
  expect(house.text('a', { from: '10.9.9.9', headers: { 'x-system-serial-number': 'SN-7' } })).toBe('I am macduff\n')
  expect(house.text('a', { from: '10.9.9.9', headers: { 'x-rhn-provisioning-mac-1': 'eth1 52:54:00:77:00:02' } })).toBe(
    'I am macduff\n',
  )
  house.leases.set(macduff, '10.77.0.50')
  expect(house.text('a', { from: '10.77.0.50' })).toBe('I am macduff\n')
  expect(house.ask('a', { from: '10.9.9.9' })).toMatchObject({ status: 404 })
})

test('a menu is found by UUID, by MAC in any letter case, by address in hex, and there is one for strangers', () => {
  using house = openHouse()
  expect(house.text('pxelinux.cfg/01-52-54-00-77-00-02')).toContain('for macduff')
  expect(house.text('pxelinux.cfg/0A4D000C')).toContain('for macduff')
  expect(house.text('pxelinux.cfg/default', { from: '10.9.9.9' })).toContain('LOCALBOOT')
  expect(house.ask('pxelinux.cfg/01-02-00-00-00-00-99', { from: '10.9.9.9' })).toBeUndefined()
})

test('the end of a transfer becomes an event of the boot, without the token', () => {
  using house = openHouse()
  const session = house.house.sessions.arriving(house.house.registry.named('duncan')!.macs[0]!, house.now)
  const transfer = {
    carrier: 'tftp',
    peer: { address: '10.77.0.11', port: 1 },
    bytes: 6,
    milliseconds: 2,
    outcome: 'sent',
  } as const
  house.shelf.ended({ ...transfer, name: `s/${session.id}/boot/vmlinuz` })
  house.shelf.ended({ ...transfer, name: `a/${house.house.sessions.tokenOf(session)}` })
  expect(session.stage).toBe('kernel')
  expect(JSON.stringify(house.events())).not.toContain(house.house.sessions.tokenOf(session).split('.')[1])
  expect(house.events().map(({ detail }) => detail?.['name'])).toContain('boot/vmlinuz')
})

test('a name has one form, and its session stands apart', () => {
  expect(normalise('/a//b/')).toBe('a/b')
  expect(splitSession('s/x/pxelinux.cfg/default')).toEqual({ id: 'x', rest: 'pxelinux.cfg/default' })
})

test('a stranger may get the menu that the site has under files/; a named machine always gets its own', () => {
  using house = openHouse({
    'files/pxelinux.cfg/default': 'mine',
    'files/pxelinux.cfg/01-52-54-00-77-00-01': 'wipe it',
  })
  expect(house.ask('pxelinux.cfg/default', { from: '10.9.9.9' })).toMatchObject({ kind: 'file', size: 4 })
  expect(house.text('pxelinux.cfg/01-52-54-00-77-00-01')).toContain('LOCALBOOT')
})
