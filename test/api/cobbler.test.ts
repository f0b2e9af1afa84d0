import type { FastifyInstance } from 'fastify'
import { expect, test } from 'vitest'
import { replyText } from '../../src/api/xml-rpc.ts'
import { reinstall } from '../../src/api/desk.ts'
import { advise } from '../../src/files/advise.ts'
import { addCobbler } from '../../src/api/cobbler.ts'
import { apiServer } from '../../src/http/api-server.ts'
import { mac, openHouse, own, type TestHouse } from '../house.ts'

const ks = '/cblr/svc/op/ks/system/duncan'
const secret = '$6$salt$secret'
const on = { 'birnam.yaml': 'address: 10.77.0.1\ncompat: { cobbler: true }\n' }

interface Scene extends AsyncDisposable {
  readonly house: TestHouse
  readonly app: FastifyInstance
  get(url: string, from?: string): Promise<{ readonly status: number; readonly text: string }>
  call(body: string, from?: string): Promise<string>
  arm(): void
  /** Its ROM and loader: the menu that claims the permit, and the kernel. */
  boot(): void
}

async function openScene(server: Readonly<Record<string, string>> = on): Promise<Scene> {
  const house = openHouse(server)
  const app = apiServer()
  addCobbler(app, house)
  await app.ready()
  return {
    house,
    app,
    async get(url, from = own) {
      const reply = await app.inject({ url, remoteAddress: from })
      return { status: reply.statusCode, text: reply.body }
    },
    async call(payload, from = own) {
      const headers = { 'content-type': 'text/xml' }
      return (await app.inject({ method: 'POST', url: '/cobbler_api', payload, headers, remoteAddress: from })).body
    },
    arm: () => void reinstall(house.house, 'duncan', { by: 'a test' }),
    boot() {
      const file = advise(house.house, { door: 'dhcp', asker: 'firmware', arch: 0, mac }, '10.77.0.1').boot!.file
      const path = file.replace('pxelinux.0', '')
      house.text(`${path}pxelinux.cfg/default`)
      const sent = {
        carrier: 'tftp',
        bytes: 6,
        milliseconds: 1,
        outcome: 'sent',
        peer: { address: own, port: 1 },
      } as const
      house.shelf.ended({ ...sent, name: `${path}boot/vmlinuz` })
    },
    async [Symbol.asyncDispose]() {
      await app.close()
      house[Symbol.dispose]()
    },
  }
}

const method = (name: string, ...words: readonly string[]): string => {
  const params = words.map((word) => `<param><value><string>${word}</string></value></param>`).join('')
  return `<?xml version='1.0'?>\n<methodCall>\n<methodName>${name}</methodName>\n<params>\n${params}</params>\n</methodCall>\n`
}

test('switched off, nothing of it is answered, and the sentence says what opens it', async () => {
  await using scene = await openScene({})
  scene.arm()
  for (const url of [ks, '/cblr/svc/op/list/what/systems'])
    expect(await scene.get(url)).toMatchObject({
      status: 400,
      text: expect.stringContaining('cobbler: true') as string,
    })
  expect(await scene.call(method('ping'))).toContain('cobbler: true')
})

test('an install answer: to the installer that the boot of the machine started, from the own address', async () => {
  await using scene = await openScene()
  expect(await scene.get(ks)).toMatchObject({ status: 403, text: expect.stringContaining('boots its disk') as string })
  scene.arm()
  scene.boot()
  const first = await scene.get(ks)
  expect(first).toMatchObject({ status: 200, text: expect.stringContaining(secret) as string })
  expect((await scene.get('/cblr/svc/op/autoinstall/system/duncan')).text).toBe(first.text)
})

test('who has nothing but the address claims nothing and is told no secret, however it asks', async () => {
  await using scene = await openScene()
  scene.arm()
  const { permits, sessions } = scene.house.house
  for (const method of ['GET', 'HEAD'] as const)
    for (const path of [
      'ks/system/duncan',
      'autoinstall/system/duncan',
      'ipxe/system/duncan',
      'find_autoinstall',
      'trig/mode/pre/system/duncan',
    ]) {
      const reply = await scene.app.inject({ method, url: `/cblr/svc/op/${path}`, remoteAddress: own })
      expect(reply.body, path).not.toMatch(/\$6\$|vmlinuz/)
    }
  await scene.call(method('get_system_as_rendered', 'duncan'))
  expect(permits.of('duncan')).toMatchObject({ state: 'armed' })
  expect(sessions.current(mac)).toBeUndefined()
})

test('a boot that claimed its permit and fetched no kernel has no installer that could ask', async () => {
  await using scene = await openScene()
  scene.arm()
  const file = advise(scene.house.house, { door: 'dhcp', asker: 'firmware', arch: 0, mac }, '10.77.0.1').boot!.file
  scene.house.text(`${file.replace('pxelinux.0', '')}pxelinux.cfg/default`)
  expect(scene.house.house.permits.of('duncan')?.state).toBe('claimed')
  expect(await scene.get(ks)).toMatchObject({
    status: 403,
    text: expect.stringContaining('not fetched the kernel') as string,
  })
})

test.each(['10.77.0.12', '10.77.0.66', '127.0.0.1', 'fd77::1'])(
  'from %s the answer is not given, armed or claimed, and an event says so',
  async (from) => {
    await using scene = await openScene()
    scene.arm()
    const armed = await scene.get(ks, from)
    expect([armed.status, armed.text]).toEqual([403, `duncan is not at ${from}\n`])
    expect(scene.house.house.permits.of('duncan')?.state).toBe('armed')
    scene.boot()
    expect((await scene.get(ks, from)).text).not.toContain(secret)
    expect(scene.house.events()).toContainEqual({
      type: 'answer.refused',
      detail: { why: 'asked by its name from a foreign address', from },
    })
  },
)

test('a live answer is free to its own machine', async () => {
  await using scene = await openScene()
  expect(await scene.get('/cblr/svc/op/ks/system/macduff', '10.77.0.12')).toEqual({
    status: 200,
    text: 'I am macduff\n',
  })
})

test.each(['/cblr/svc/op/nopxe/system/duncan', '/cblr/svc/op/trig/mode/post/system/duncan'])(
  '%s is the report done of the claimed boot, and of nothing else',
  async (url) => {
    await using scene = await openScene()
    scene.arm()
    expect((await scene.get(url)).status).toBe(403)
    expect(scene.house.house.permits.of('duncan')?.state).toBe('armed')
    scene.boot()
    expect((await scene.get('/cblr/svc/op/trig/mode/pre/system/duncan')).text).toBe('True')
    expect((await scene.get(url, '10.77.0.12')).status).toBe(403)
    expect(scene.house.house.permits.of('duncan')?.state).toBe('claimed')
    expect(await scene.get(url)).toEqual({ status: 200, text: 'True' })
    expect(scene.house.house.permits.of('duncan')?.state).toBe('used')
    expect(await scene.get(url)).toEqual({ status: 200, text: 'True' })
    expect((await scene.get(ks)).status).toBe(403)
    const reports = scene.house.events().filter(({ type }) => type === 'report.done')
    expect(reports).toHaveLength(1)
  },
)

test('lists, and who asks: for this host all, for a machine itself', async () => {
  await using scene = await openScene()
  const at = (url: string, from?: string): Promise<string> =>
    scene.get(`/cblr/svc/op/${url}`, from).then(({ text }) => text)
  expect(await at('list/what/systems')).toBe('duncan\n')
  expect(await at('list/what/profiles')).toBe('web\n')
  expect(await at('list/what/systems', '10.77.0.66')).toBe('')
  expect(await at('autodetect')).toBe('duncan')
  expect(await at('autodetect', '10.77.0.66')).toMatch(/^FAILED/)
  expect(await at('find_autoinstall')).toBe(`http://10.77.0.1${ks}`)
  expect(await at('ipxe/system/duncan')).toContain('#!ipxe')
})

test.each([
  'settings',
  'events',
  'yum/system/duncan',
  'template/system/duncan/path/x',
  'script/system/duncan/?script=x',
  'ks/profile/web',
  'ks/system/banquo',
  'ks/system/',
  'ks/system/..%2f..%2fetc',
  'ks/system/duncan%00',
  `ks/system/${'x'.repeat(400)}`,
  'list/what/constructor',
  'trig/mode/post/profile/web',
  'trig/mode/frob/system/duncan',
  'nopxe/system/__proto__',
  '',
  '%ff',
])('op/%s is refused in a sentence', async (path) => {
  await using scene = await openScene()
  scene.arm()
  const { status, text } = await scene.get(`/cblr/svc/op/${path}`)
  expect([400, 403, 404, 414]).toContain(status)
  expect(text).toMatch(/\w{3,}/)
  expect(text).not.toContain(secret)
  expect(scene.house.house.permits.of('duncan')?.state).toBe('armed')
})

test('koan sees the machine that it runs on, and no other', async () => {
  const fleet = `
machines:
  - { name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: web, vars: { hash: ${secret} } }
  - { name: ross, mac: "52:54:00:77:00:03", ip: 10.77.0.13, profile: rescue }
profiles:
  - { name: rescue, kind: live, distro: rocky-9 }
  - { name: web, kind: install, distro: rocky-9, answer: answers/web.hbs }
distros: [{ name: rocky-9, family: redhat, version: 9, kernel: boot/vmlinuz, initrd: [boot/initrd.gz], tree: "http://10.77.0.1/rocky/" }]
`
  await using scene = await openScene({
    ...on,
    'fleet.yaml': fleet,
    'answers/web.hbs': 'reboot\nrootpw {{vars.hash}}\n',
  })
  expect(await scene.call(method('ping'))).toBe(replyText(true))
  expect(await scene.call(method('get_systems'))).toBe(replyText([{ name: 'duncan', profile: 'web' }]))
  expect(await scene.call(method('get_distros'))).toBe(replyText([{ name: 'rocky-9' }]))
  expect(await scene.call(method('get_systems'), '10.77.0.66')).toBe(replyText([]))
  const rendered = await scene.call(method('get_system_as_rendered', 'ross'), '10.77.0.13')
  expect(rendered).toContain('<string>http://10.77.0.1/boot/vmlinuz</string>')
  expect(rendered).toContain('<string>http://10.77.0.1/cblr/svc/op/ks/system/ross</string>')
  expect(await scene.call(method('get_system_as_rendered', 'ross'), '10.77.0.66')).toContain('<fault>')
  expect(await scene.call(method('get_system_as_rendered', 'duncan'))).toContain(
    'installed when it boots from the network',
  )
  expect(scene.house.house.permits.of('duncan')).toBeUndefined()
})

test.each([
  ['nothing', ''],
  ['no XML', 'hello'],
  ['another document', '<html/>'],
  ['a document type', '<!DOCTYPE x [<!ENTITY a "b">]><methodCall><methodName>&a;</methodName></methodCall>'],
  ['a call of what would change something', method('remove_system', 'duncan')],
  ['a prototype', method('constructor')],
  ['a deep one', `<methodCall>${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}</methodCall>`],
  ['no method', '<methodCall><params/></methodCall>'],
])('a call of XML-RPC that holds %s gets a fault', async (_what, body) => {
  await using scene = await openScene()
  expect(await scene.call(body)).toMatch(/<fault>|"code"/)
  expect(await scene.call(method('ping'))).toBe(replyText(true))
})

test.each([
  '<?xml version="1.0?><methodCall><methodName>ping</methodName></methodCall>',
  '<?xml',
  '<a',
  '<methodCall><methodName>',
  '',
])('what is no XML is a fault with a sentence: %s', async (text) => {
  await using scene = await openScene()
  expect(await scene.call(text)).toMatch(/<fault>.*<string>[^<]*(?:XML|element|not read)[^<]*<\/string>/)
})
