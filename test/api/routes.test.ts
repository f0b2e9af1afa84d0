import type { FastifyInstance } from 'fastify'
import { expect, test } from 'vitest'
import { addRoutes } from '../../src/api/routes.ts'
import { apiServer } from '../../src/http/api-server.ts'
import { files, mac, openHouse, own, type TestHouse } from '../house.ts'

async function api(house: TestHouse): Promise<FastifyInstance> {
  const app = apiServer()
  const nothing = {
    status: () => ({}),
    reload: () => Promise.resolve({ changed: false, problems: [] }),
    leases: () => [],
    check: () => Promise.resolve({ machines: 2 }),
    known: { nameOf: () => 'macbeth', where: 'nowhere' },
  }
  addRoutes(app, { house: house.house, shelf: house.shelf, reply: () => ['OFFER'], ...nothing })
  await app.ready()
  return app
}

test('a reinstall arms once, is told again as it was, and can be withdrawn', async () => {
  using house = openHouse()
  const app = await api(house)
  const first = await app.inject({ method: 'POST', url: '/api/machines/duncan/reinstall', payload: { by: 'banquo' } })
  expect(first.json()).toMatchObject({
    made: true,
    permit: { machine: 'duncan', target: 'web', by: 'macbeth (for banquo)', state: 'armed' },
  })
  const second = await app.inject({ method: 'POST', url: '/api/machines/duncan/reinstall', payload: { by: 'robot' } })
  expect(second.json()).toEqual({ made: false, permit: first.json().permit })
  expect((await app.inject({ url: '/api/machines/duncan' })).json()).toMatchObject({ state: 'armed', profile: 'web' })
  expect((await app.inject({ method: 'DELETE', url: '/api/machines/duncan/permit' })).json()).toMatchObject({
    state: 'withdrawn',
  })
  const again = await app.inject({ method: 'DELETE', url: '/api/machines/duncan/permit' })
  expect([again.statusCode, again.json().code]).toEqual([409, 'permit-conflict'])
})

test.each([
  ['a machine that is not there', '/api/machines/banquo/reinstall', {}, 404, 'no machine is named banquo'],
  ['a machine that installs nothing', '/api/machines/macduff/reinstall', {}, 409, 'macduff has the live profile probe'],
  [
    'another profile than the site gives',
    '/api/machines/duncan/reinstall',
    { to: 'db' },
    409,
    'duncan has the profile web, not db',
  ],
  ['an unknown field', '/api/machines/duncan/reinstall', { force: true }, 400, 'force'],
])('a reinstall of %s is refused in one sentence', async (_, url, payload, status, text) => {
  using house = openHouse()
  const reply = await (await api(house)).inject({ method: 'POST', url, payload })
  expect(reply.statusCode).toBe(status)
  expect(reply.body).toContain(text)
  expect(house.house.permits.of('duncan')).toBeUndefined()
})

test('a reinstall of a machine that nobody gave a profile is refused with that reason', async () => {
  using house = openHouse({ 'fleet.yaml': files['fleet.yaml']!.replace(', profile: web', '') })
  const reply = await (await api(house)).inject({ method: 'POST', url: '/api/machines/duncan/reinstall', payload: {} })
  expect([reply.statusCode, reply.json()]).toMatchObject([
    409,
    { code: 'profile-missing', detail: 'duncan has no profile' },
  ])
})

test('explain shows the boot as it would be, without secrets, and changes nothing', async () => {
  using house = openHouse()
  const app = await api(house)
  await app.inject({ method: 'POST', url: '/api/machines/duncan/reinstall', payload: {} })
  const reply = await app.inject({ url: '/api/machines/duncan/explain?firmware=bios' })
  expect(reply.json()).toMatchObject({
    machine: 'duncan',
    profile: 'web',
    plan: { do: 'install' },
    dhcp: ['OFFER'],
    problems: [],
  })
  expect(reply.json().answer).toContain('rootpw --iscrypted (hidden) duncan')
  expect(reply.body).not.toContain('$6$salt$secret')
  expect(reply.body).not.toMatch(/\/[ar]\/[0-9a-f]{12}-\w+-[0-9a-f]{20}\.[0-9a-f]{32}/)
  expect(reply.json().vars).toEqual([
    { name: 'hash', value: '(hidden)', from: 'machine duncan', file: 'fleet.yaml', line: 3 },
  ])
  expect(house.house.permits.of('duncan')?.state).toBe('armed')
  expect(house.events().map(({ type }) => type)).toEqual(['permit.armed'])
})

test('explain without a permit says so; --armed imagines one, and arms nothing', async () => {
  using house = openHouse()
  const app = await api(house)
  const plain = await app.inject({ url: '/api/machines/duncan/explain' })
  expect(plain.json().plan).toEqual({ do: 'local', why: 'duncan has no permit to be installed' })
  const armed = await app.inject({ url: '/api/machines/duncan/explain?armed=1&firmware=uefi' })
  expect(armed.json().plan.do).toBe('install')
  expect(house.house.permits.of('duncan')).toBeUndefined()
})

test('each firmware asks for its own names, and each is answered', async () => {
  using house = openHouse()
  const app = await api(house)
  const names = async (firmware: string): Promise<string[]> => {
    const reply = await app.inject({ url: `/api/machines/macduff/explain?firmware=${firmware}` })
    const found = reply.json().names as { name: string; found: boolean }[]
    return found.filter((line) => line.found).map(({ name }) => name.replace(/^.*s\/[^/]+\//, 's/…/'))
  }
  expect(await names('bios-ipxe')).toEqual(['s/…/boot.ipxe', 's/…/boot/vmlinuz', 's/…/boot/initrd.gz'])
  expect(await names('xen')).toEqual(['pxelinux.cfg/01-52-54-00-77-00-02', 'boot/vmlinuz', 'boot/initrd.gz'])
  expect((await names('uefi')).slice(-4)).toEqual([
    'grub/grub.cfg',
    's/…/grub.cfg',
    's/…/boot/vmlinuz',
    's/…/boot/initrd.gz',
  ])
  expect((await app.inject({ url: '/api/machines/macduff/explain?firmware=toaster' })).statusCode).toBe(400)
  const relay = await app.inject({ url: '/api/machines/macduff/explain?firmware=bios&relay=rack-4' })
  expect([relay.statusCode, relay.json()]).toMatchObject([400, { detail: 'not the address of a relay: rack-4' }])
})

test('a trace retells the last boot and names the step that did not come', async () => {
  using house = openHouse()
  const app = await api(house)
  expect((await app.inject({ url: '/api/machines/duncan/trace' })).json()).toMatchObject({
    events: [],
    ended: false,
    missing: { step: 'DHCPDISCOVER' },
  })
  const session = house.house.sessions.arriving(house.house.registry.named('macduff')!.macs[0]!, house.now)
  house.house.journal.record({ at: house.now, type: 'dhcp.ack', machine: 'macduff', session: session.id })
  house.ask(`s/${session.id}/pxelinux.cfg/default`, { from: '10.77.0.12' })
  const trace = (await app.inject({ url: '/api/machines/macduff/trace' })).json()
  expect(trace.events.map(({ type }: { type: string }) => type)).toEqual(['dhcp.ack', 'menu.given'])
  expect(trace.going).toMatch(/^It is under way: menu\.given was 0 s ago, next comes the kernel$/)
  house.now += 60_000
  const later = (await app.inject({ url: '/api/machines/macduff/trace' })).json()
  expect(later.missing.step).toBe('the kernel')
})

test('a trace holds what happened to the machine without a session during its boot', async () => {
  using house = openHouse()
  const app = await api(house)
  await app.inject({ method: 'POST', url: '/api/machines/duncan/reinstall', payload: {} })
  const session = house.house.sessions.arriving(mac, house.now)
  house.ask(`s/${session.id}/pxelinux.cfg/default`)
  house.ask('a/52-54-00-77-00-01', { from: '10.77.0.66' })
  const told = async (query = ''): Promise<string[]> => {
    const trace = (await app.inject({ url: `/api/machines/duncan/trace${query}` })).json()
    return trace.events.map(({ type }: { type: string }) => type)
  }
  expect(await told()).toEqual(['permit.claimed', 'menu.given', 'answer.refused'])
  house.now += 60_000
  const next = house.house.sessions.arriving(mac, house.now)
  house.house.journal.record({ at: house.now, type: 'dhcp.discover', machine: 'duncan', session: next.id })
  house.house.journal.record({ at: house.now, type: 'permit.withdrawn', machine: 'duncan' })
  expect(await told()).toEqual(['dhcp.discover', 'permit.withdrawn'])
  expect(await told(`?session=${session.id}`)).toEqual(['permit.claimed', 'menu.given', 'answer.refused'])
})

test('the last boot is found however often the system that it brought up renews its lease', async () => {
  using house = openHouse()
  const app = await api(house)
  const session = house.house.sessions.arriving(mac, house.now)
  house.house.journal.record({ at: house.now, type: 'dhcp.discover', machine: 'duncan', session: session.id })
  for (let day = 0; day < 400; day++)
    house.house.journal.record({ at: house.now + day, type: 'dhcp.ack', machine: 'duncan' })
  const trace = (await app.inject({ url: '/api/machines/duncan/trace' })).json()
  expect([trace.session, trace.events.length]).toEqual([session.id, 1])
})

test('a boot session that the machine never had is refused in one sentence', async () => {
  using house = openHouse()
  const app = await api(house)
  const session = house.house.sessions.arriving(mac, house.now)
  house.house.journal.record({ at: house.now, type: 'dhcp.discover', machine: 'duncan', session: session.id })
  const reply = await app.inject({ url: '/api/machines/duncan/trace?session=zzz' })
  expect([reply.statusCode, reply.json()]).toMatchObject([
    400,
    { detail: 'duncan has no boot session zzz', hint: `its last boot is ${session.id}` },
  ])
  expect((await app.inject({ url: `/api/machines/macduff/trace?session=${session.id}` })).statusCode).toBe(400)
})

test.each([
  ['JSON', 'application/json', '{"kind":"progress","step":"disks","percent":10}'],
  ['a form', 'application/x-www-form-urlencoded', 'kind=progress&step=disks&percent=10'],
])('a report comes as %s', async (_, type, payload) => {
  using house = openHouse()
  const app = await api(house)
  const session = house.house.sessions.arriving(house.house.registry.named('duncan')!.macs[0]!, house.now)
  const url = `/r/${house.house.sessions.tokenOf(session)}`
  const reply = await app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': type },
    payload,
    remoteAddress: own,
  })
  expect(reply.statusCode, reply.body).toBe(200)
  expect(house.events()).toEqual([{ type: 'report.progress', detail: { step: 'disks', percent: 10, from: own } }])
})

test('a report comes as a plain GET too, since the smallest installers can do no more', async () => {
  using house = openHouse()
  const app = await api(house)
  const session = house.house.sessions.arriving(house.house.registry.named('duncan')!.macs[0]!, house.now)
  const url = `/r/${house.house.sessions.tokenOf(session)}/failed?why=no+disk`
  expect((await app.inject({ url, remoteAddress: own })).statusCode).toBe(200)
  expect(house.events()[0]).toMatchObject({ type: 'report.failed', detail: { why: 'no disk' } })
})

test.each([
  ['an unknown kind', '{"kind":"finished"}'],
  ['a field too many', '{"kind":"done","wipe":true}'],
  ['a percentage of 1000', '{"kind":"progress","step":"x","percent":1000}'],
  ['no JSON', '{kind'],
  ['a list', '[]'],
  ['a prototype', '{"kind":"done","__proto__":{"x":1}}'],
  ['a log beyond all measure', JSON.stringify({ kind: 'log', text: 'x'.repeat(70_000) })],
])('a report with %s is refused and leaves nothing', async (_, payload) => {
  using house = openHouse()
  const app = await api(house)
  const session = house.house.sessions.arriving(house.house.registry.named('duncan')!.macs[0]!, house.now)
  const url = `/r/${house.house.sessions.tokenOf(session)}`
  const reply = await app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json' }, payload })
  expect(reply.statusCode).toBeGreaterThanOrEqual(400)
  expect(reply.statusCode).toBeLessThan(500)
  expect(house.events()).toEqual([])
})

test('an installer that sends its log without end fills no journal, and its `done` still closes the permit', async () => {
  using house = openHouse()
  const app = await api(house)
  await app.inject({ method: 'POST', url: '/api/machines/duncan/reinstall', payload: {} })
  const session = house.house.sessions.arriving(mac, house.now)
  house.ask(`s/${session.id}/pxelinux.cfg/default`)
  const url = `/r/${house.house.sessions.tokenOf(session)}`
  for (let n = 0; n < 60; n++)
    await app.inject({ method: 'POST', url, payload: { kind: 'log', text: 'x'.repeat(50_000) }, remoteAddress: own })
  const done = { method: 'POST', url, payload: { kind: 'done' }, remoteAddress: own } as const
  expect((await app.inject(done)).statusCode).toBe(200)
  const told = house.events().map(({ type }) => type)
  expect(told.filter((type) => type === 'report.log')).toHaveLength(20)
  expect(told.filter((type) => type === 'journal.full')).toHaveLength(1)
  expect(house.events()[0]).toMatchObject({ type: 'report.done', detail: { unkept: 40 } })
  expect(house.house.permits.of('duncan')?.state).toBe('used')
})

test('what pypxeboot cannot read stands behind a short URL', async () => {
  using house = openHouse()
  const app = await api(house)
  const short = house.house.shortUrls.shorten('http://10.77.0.1/x?a=b&c=d')
  const reply = await app.inject({ url: `/${short}` })
  expect([reply.statusCode, reply.headers.location]).toEqual([302, 'http://10.77.0.1/x?a=b&c=d'])
  expect((await app.inject({ url: '/k/000000000000' })).statusCode).toBe(400)
})

test('the site in use is told as it was understood, without its secrets', async () => {
  using house = openHouse()
  const reply = await (await api(house)).inject({ url: '/api/export' })
  expect(reply.json()).toMatchObject({
    server: { address: '10.77.0.1' },
    machines: [{ name: 'duncan', vars: { hash: '(hidden)' } }, { name: 'macduff' }],
    profiles: [{ name: 'web' }, { name: 'probe' }],
  })
  expect(reply.body).not.toContain('$6$')
})

test('who took a permit back is told, and a name with control characters is refused', async () => {
  using house = openHouse()
  const app = await api(house)
  await app.inject({ method: 'POST', url: '/api/machines/duncan/reinstall', payload: {} })
  const odd = await app.inject({ method: 'DELETE', url: '/api/machines/duncan/permit?by=%1b%5b2J' })
  expect(odd.statusCode).toBe(400)
  const taken = await app.inject({ method: 'DELETE', url: '/api/machines/duncan/permit?by=donalbain' })
  expect(taken.json()).toMatchObject({ state: 'withdrawn', why: 'withdrawn by macbeth (for donalbain)' })
})
