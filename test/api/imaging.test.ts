import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { checkHouse } from '../../src/api/check.ts'
import { mayPull } from '../../src/files/pull-right.ts'
import { missing } from '../lab/needs.ts'
import { own } from '../house.ts'
import { openScene } from './image-scene.ts'

test('an install script is a whole shell program: the version of the permit, its layers, its disks, nothing left open', async () => {
  await using scene = await openScene()
  const token = await scene.boot()
  const { statusCode, body } = await scene.get(`/i/${token}`)
  expect([statusCode, body.slice(0, 200)]).toEqual([
    200,
    expect.stringContaining('Birnam installs duncan from the golden image porter:1'),
  ])
  const [version] = await scene.golden.store.list('porter')
  expect(body).toContain(`image_digest='${version!.digest}'`)
  for (const { digest, size } of version!.manifest.layers) expect(body).toContain(`${digest},${size}`)
  expect(body).toContain("registry='http://10.77.0.1/v2/porter'")
  expect(body).toMatch(/echo '[\w+/=]{80,}' \| base64 -d >"\$work\/signature"/)
  execFileSync('sh', ['-n'], { input: body })
  expect(scene.house.events().map(({ type }) => type)).toContain('script.given')
})

test('without an imager, whoever arms is told the line that makes it for this data directory', async () => {
  await using scene = await openScene()
  rmSync(scene.golden.imager, { recursive: true })
  const data = dirname(scene.golden.imager)
  const hint = `birnam imager build --data ${data} makes it`
  await expect(scene.boot()).rejects.toMatchObject({ detail: { hint } })
})

const unchecked = missing('shellcheck')
test.skipIf(unchecked !== undefined)(
  `shellcheck has nothing to warn of in the script or in the imager's own${unchecked === undefined ? '' : ` (skipped: ${unchecked})`}`,
  async () => {
    await using scene = await openScene()
    const { body } = await scene.get(`/i/${await scene.boot()}`)
    const check = (input: string): string =>
      // SC1091: the library is only there on the machine. SC2154: so are the variables that it and the first process set.
      spawnSync('shellcheck', ['-s', 'bash', '-S', 'warning', '-f', 'gcc', '-e', 'SC1091,SC2154', '-'], {
        input,
      }).stdout.toString()
    expect(check(body)).toBe('')
    for (const name of ['init.sh', 'lib.sh', 'lease.sh'])
      expect(check(readFileSync(`templates/imager/${name}`, 'utf8').replace(/^#!.*/, '#!/bin/bash')), name).toBe('')
  },
)

test('a permit keeps its version though a newer one is captured', async () => {
  await using scene = await openScene()
  const token = await scene.boot()
  const { body: before } = await scene.get(`/i/${token}`)
  await scene.next()
  expect(before).toContain("image='porter:1'")
  expect((await scene.get(`/i/${token}`)).body).toBe(before)
})

test.each([
  ['another address', {}, '10.77.0.99', 403, 'asked from a foreign address'],
  [
    'no such token',
    { token: '525400770001-t5x2k1aa-0123456789abcdef0123.00' },
    own,
    403,
    'no boot session has that token',
  ],
  ['an hour later', { later: 3601_000 }, own, 410, 'was open for 60 minutes'],
  ['after done', { done: true }, own, 410, 'duncan is installed; its install script is closed'],
])(
  '%s gets no script, no overrides and no word of what layers take away',
  async (_, how: { token?: string; later?: number; done?: boolean }, from, status, text) => {
    await using scene = await openScene()
    const token = how.token ?? (await scene.boot())
    if (how.done)
      await scene.app.inject({ method: 'POST', url: `/r/${token}`, payload: { kind: 'done' }, remoteAddress: own })
    scene.house.now += how.later ?? 0
    for (const url of [`/i/${token}`, `/o/${token}`, `/w/${token}/sha256:${'0'.repeat(64)}/whiteouts`]) {
      const reply = await scene.get(url, from)
      expect([reply.statusCode, reply.body]).toEqual([status, expect.stringContaining(text)])
    }
  },
)

test('the token of a claimed session pulls its own image from its own address until it is done, and no other', async () => {
  await using scene = await openScene()
  const token = await scene.boot()
  const { house } = scene.house
  const peer = { address: own, port: 1 }
  expect(mayPull(house, token, 'porter', peer)).toBe(true)
  expect(mayPull(house, token, 'other', peer)).toBe(false)
  expect(mayPull(house, token, 'porter', { address: '10.77.0.99', port: 1 })).toBe(false)
  expect(mayPull(house, `${token.slice(0, -1)}x`, 'porter', peer)).toBe(false)
  scene.house.now += 2 * 3600_000
  expect(mayPull(house, token, 'porter', peer), 'a slow link').toBe(true)
  await scene.app.inject({ method: 'POST', url: `/r/${token}`, payload: { kind: 'done' }, remoteAddress: own })
  expect(mayPull(house, token, 'porter', peer)).toBe(false)
})

test('check tells a layout that no firmware can start, whether the image is here or not', async () => {
  await using scene = await openScene({
    'fleet.yaml': `
machines:
  - { name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: web, vars: { role: king, password: hunter22 } }
profiles:
  - { name: web, kind: image, image: porter, layout: layouts/bare.yaml }
`,
    'layouts/bare.yaml':
      'disks: [{ name: system, partitions: [{ name: root, size: rest, filesystem: ext4, mount: / }] }]\n',
  })
  const { house } = scene.house
  const findings = await checkHouse(house, scene.house.shelf, () => Promise.resolve([]))
  expect(findings.map(({ message }) => message)).toContain(
    'no firmware could start a machine with layouts/bare.yaml, which profile web writes',
  )
})

test('what an upper layer takes away is told, for the layers of the promised image only', async () => {
  await using scene = await openScene()
  await scene.next()
  const token = await scene.boot()
  const [, upper] = (await scene.golden.store.find({ name: 'porter', tag: '2' }))!.manifest.layers
  const reply = await scene.get(`/w/${token}/${upper!.digest}/whiteouts`)
  expect([reply.statusCode, reply.rawPayload.toString()]).toEqual([200, 'etc/old\0'])
  expect((await scene.get(`/w/${token}/${upper!.digest}/opaque`)).rawPayload.length).toBe(0)
  expect((await scene.get(`/w/${token}/${upper!.digest}/places`)).rawPayload.toString()).toContain('etc/\0')
  expect((await scene.get(`/w/${token}/${upper!.digest}/others`)).statusCode).toBe(404)
  expect((await scene.get(`/w/${token}/sha256:${'0'.repeat(64)}/whiteouts`)).statusCode).toBe(404)
})

test('overrides come as one tar, rendered for the machine, and are counted in the script', async () => {
  await using scene = await openScene({
    'overrides/all/etc/motd.hbs': 'I am {{machine.name}}, the {{vars.role}}\n',
    'overrides/duncan/etc/issue': 'Scotland\n',
  })
  const token = await scene.boot()
  expect((await scene.get(`/i/${token}`)).body).toMatch(/^overrides=3$/m)
  const { rawPayload } = await scene.get(`/o/${token}`)
  expect(execFileSync('tar', ['-xOf', '-', 'etc/motd'], { input: rawPayload }).toString()).toBe(
    'I am duncan, the king\n',
  )
})

test('disks that the machine reported, and those that the permit names, may be wiped', async () => {
  await using scene = await openScene()
  const token = await scene.boot({ disks: 'wwn:0x5000c500a1b2c3d4' })
  expect((await scene.get(`/i/${token}`)).body).toContain("EXPECTED_DISKS='wwn:0x5000c500a1b2c3d4'")
  const said = { kind: 'disks', names: 'serial:QM00001 table:abc' }
  expect(
    (await scene.app.inject({ method: 'POST', url: `/r/${token}`, payload: said, remoteAddress: own })).statusCode,
  ).toBe(200)
  expect((await scene.get(`/i/${token}`)).body).toContain(
    "EXPECTED_DISKS='wwn:0x5000c500a1b2c3d4 serial:QM00001 table:abc'",
  )
  const bad = { kind: 'disks', names: "serial:x'; rm -rf / #" }
  expect(
    (await scene.app.inject({ method: 'POST', url: `/r/${token}`, payload: bad, remoteAddress: own })).statusCode,
  ).toBe(400)
})

test('post-install scripts stand in the script whole, whatever is in them', async () => {
  await using scene = await openScene({
    'post-install/50all.odd': "#!/bin/sh\necho 'END_OF_SCRIPT'\ncat <<END_OF_SCRIPT\n$HOME `x`\nEND_OF_SCRIPT\n",
  })
  const { body } = await scene.get(`/i/${await scene.boot()}`)
  expect(body).toContain("<<'END_OF_SCRIPT_'\n#!/bin/sh\necho 'END_OF_SCRIPT'")
  execFileSync('sh', ['-n'], { input: body })
})

test('a layout that cannot be read, a secret that is missing: the script is refused in one sentence, and check tells it before', async () => {
  const broken = {
    'layouts/one-disk.yaml':
      'disks: [{ name: a, partitions: [{ name: bios, type: bios-boot, size: 1MiB }, { name: boot, size: 1GiB, filesystem: ext4, mount: /boot }, { name: root, size: rest, filesystem: ext4, mount: /, encrypt: disk_key }] }]\n',
  }
  await using scene = await openScene(broken)
  const findings = await checkHouse(scene.house.house, scene.house.shelf, () => Promise.resolve([]))
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([
    expect.objectContaining({ machine: 'duncan', message: expect.stringContaining('encrypts with vars.disk_key') }),
  ])
  const { statusCode, body } = await scene.get(`/i/${await scene.boot()}`)
  expect([statusCode, body]).toEqual([500, expect.stringContaining('encrypts with vars.disk_key')])
  expect(scene.house.events().map(({ type }) => type)).toContain('script.failed')
})

test('an image that a permit promises is not taken away, nor is what it needs', async () => {
  await using scene = await openScene()
  await scene.boot()
  const remove = () => scene.app.inject({ method: 'POST', url: '/api/images/remove', payload: { names: ['porter:1'] } })
  expect((await remove()).json()).toMatchObject({ code: 'image-busy', detail: expect.stringContaining('duncan') })
  await scene.app.inject({ method: 'DELETE', url: '/api/machines/duncan/permit' })
  expect((await remove()).json()).toEqual(['porter:1'])
})

test('a version whose layers are not here is promised to nobody: disks would be wiped before they are missed', async () => {
  await using scene = await openScene()
  const version = await scene.golden.store.find({ name: 'porter', tag: '1' })
  const layer = await scene.golden.store.blob(version!.manifest.layers[0]!.digest)
  rmSync(layer!.path!)
  const payload = {}
  const reply = await scene.app.inject({ method: 'POST', url: '/api/machines/duncan/reinstall', payload })
  expect(reply.json()).toMatchObject({
    code: 'image-missing',
    detail: expect.stringContaining('a layer of porter:1 is not here'),
  })
  expect(scene.house.house.permits.of('duncan')).toBeUndefined()
})
