import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { files } from '../house.ts'
import { openServed } from './served.ts'

const { 'birnam.yaml': _, ...site } = files
const menu = '/pxelinux.cfg/01-52-54-00-77-00-02'

test('a server says what listens, what does not and why, and stops in order within five seconds', async () => {
  await using served = await openServed(site)
  await served.start()
  expect(served.output()).toContain(`HTTP      on   127.0.0.1:${served.http}`)
  expect(served.output()).toContain('DHCP      off  no subnet is named')
  expect(await served.get(menu)).toContain('probe=http://127.0.0.1')
  const { code, milliseconds } = await served.stop()
  expect(code).toBe(0)
  expect(milliseconds).toBeLessThan(5000)
  expect(existsSync(join(served.directory, 'data/birnam.sock'))).toBe(false)
})

test('a change is in force without a restart; a bad edit keeps the last good state, and says so', async () => {
  await using served = await openServed(site)
  await served.start()
  served.write('fleet.yaml', site['fleet.yaml']!.replace('probe={{answer.url}}', 'changed=1'))
  await served.until(async () => (await served.get(menu)).includes('changed=1'))
  served.write('fleet.yaml', 'machines:\n  - name: duncan\n    mac: zz\n')
  await served.until(() => served.output().includes('site.refused'))
  expect(served.output()).toMatch(/fleet\.yaml:3.*not the MAC address/)
  expect(await served.get(menu)).toContain('changed=1')
  const applied = await served.birnam('apply')
  expect([applied.code, applied.out]).toEqual([1, expect.stringContaining('the last good state stays')])
  served.write('fleet.yaml', site['fleet.yaml']!.replace('probe={{answer.url}}', 'changed=1'))
  await served.until(() => served.output().split('site.changed').length === 3)
  expect(served.output().split('site.refused')).toHaveLength(2)
})

test('a second server on the same data does not start, and the first goes on', async () => {
  await using served = await openServed(site)
  await served.start()
  const second = await served.birnam('serve')
  expect([second.code, second.err]).toEqual([
    1,
    expect.stringContaining('another Birnam works with the data directory'),
  ])
  expect(JSON.parse((await served.birnam('status', '--json')).out)).toMatchObject({ running: true })
})

test('a command never works past a server that runs and cannot be reached', async () => {
  await using served = await openServed(site)
  await served.start()
  rmSync(join(served.directory, 'data/birnam.sock'))
  const { code, err } = await served.birnam('withdraw', 'duncan')
  expect([code, err]).toEqual([1, expect.stringContaining('another Birnam works with the data directory')])
})

test('a permit survives kill -9, and a command reaches the running server', async () => {
  await using served = await openServed(site)
  await served.start()
  expect((await served.birnam('reinstall', 'duncan')).out).toContain('may be installed once with web')
  await served.stop('SIGKILL')
  const list = await served.birnam('machine', 'list', '--json')
  expect(JSON.parse(list.out)).toMatchObject([
    { name: 'duncan', state: 'armed' },
    { name: 'macduff', state: 'idle' },
  ])
  await served.start()
  expect((await served.birnam('reinstall', 'duncan')).out).toContain('was allowed already')
  expect((await served.birnam('withdraw', 'duncan')).out).toContain('is withdrawn')
})

test.each([
  [['explain', 'banquo'], 1, 'birnam: no machine is named banquo (birnam machine list shows them all)'],
  [['reinstall', 'macduff'], 1, 'which installs nothing'],
  [['frobnicate'], 2, "unknown command 'frobnicate'"],
  [['explain'], 2, "missing required argument 'machine'"],
  [['explain', 'duncan', '--firmware', 'toaster'], 2, 'Allowed choices are bios'],
  [['apply'], 1, 'no server runs with this data directory (birnam serve starts one)'],
])('birnam %j ends with %i and one sentence', async (args, code, sentence) => {
  await using served = await openServed(site)
  const result = await served.birnam(...args)
  expect(result.code).toBe(code)
  expect(result.err).toContain(sentence)
})

test('check renders everything, names what is missing with file and line, and exits with 1', async () => {
  await using served = await openServed(site)
  const good = await served.birnam('check')
  expect([good.code, good.out.split('\n').at(-1)]).toEqual([0, expect.stringMatching(/^2 machines checked: 0 errors/)])
  served.write('answers/probe.hbs', 'I am {{vars.nothing}}\n')
  served.write('fleet.yaml', site['fleet.yaml']!.replaceAll('boot/vmlinuz', 'boot/elsewhere'))
  const bad = await served.birnam('check')
  expect(bad.code).toBe(1)
  expect(bad.out).toMatch(/error {4}answers\/probe\.hbs:1: macduff: vars\.nothing has no value/)
  expect(bad.out).toMatch(/error {4}fleet\.yaml:\d+: boot\/elsewhere of profile web is not in the site/)
  const json = JSON.parse((await served.birnam('check', '--json')).out)
  expect(json.findings.length).toBeGreaterThanOrEqual(3)
})

test('a site that cannot be read is one sentence, and no server', async () => {
  await using served = await openServed({ ...site, 'fleet.yaml': 'machines: [\n' })
  const result = await served.birnam('serve')
  expect(result.code).toBe(1)
  expect(result.err).toMatch(/^birnam: fleet\.yaml:\d+/)
  expect(result.err.split('\n')).toHaveLength(1)
})

test('the site is printed as it was understood, and reads back', async () => {
  await using served = await openServed(site)
  const exported = await served.birnam('export')
  expect(exported.out).toContain('name: duncan')
  served.write('fleet.yaml', exported.out)
  expect((await served.birnam('export')).out).toBe(exported.out)
})

test('check names the line of a menu of the site that pypxeboot cannot read', async () => {
  await using served = await openServed({
    ...site,
    'files/pxelinux.cfg/default':
      'DEFAULT x\nLABEL x\n  LINUX boot/vmlinuz\n  APPEND initrd=boot/initrd.gz root=UUID=1=2\n',
  })
  const result = await served.birnam('check')
  expect(result.code).toBe(1)
  expect(result.out).toMatch(/files\/pxelinux\.cfg\/default:4: .*two|files\/pxelinux\.cfg\/default:4/)
})
