import { once } from 'node:events'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import type { Gatekeeper } from '../../src/http/registry-gate.ts'
import { media } from '../../src/image/oci.ts'
import { configOf, digestOfBytes, imageOf, keepBlob, manifestOf } from './layout.ts'
import { Served } from './registry.ts'

const layer = 'the layer of birnam wood'
const digest = digestOfBytes(layer)

test('whoever merely reaches the port gets 401 everywhere, with a challenge that podman answers', async () => {
  await using served = await Served.open()
  await served.layout.store.put('porter', '1', await imageOf(served.layout.store, layer))
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '_catalog'],
    ['GET', 'porter/tags/list'],
    ['HEAD', 'porter/manifests/1'],
    ['GET', `porter/blobs/${digest}`],
    ['POST', 'porter/blobs/uploads/'],
    ['PUT', 'porter/manifests/2'],
    ['DELETE', 'porter/manifests/1'],
    ['GET', 'nothing'],
    ['PROPFIND', 'porter/tags/list'],
  ] as const) {
    const answer = await fetch(`http://${served.host}/v2/${path}`, { method })
    expect(answer.status, `${method} ${path}`).toBe(401)
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
  }
  expect(await served.no('GET', '', { token: 'wrong' })).toBe('401 UNAUTHORIZED')
})

test('a token works as Bearer, and as the password of Basic with any user', async () => {
  await using served = await Served.open()
  expect((await served.ask('GET', '')).status).toBe(200)
  const basic = (text: string): Promise<Response> =>
    served.ask('GET', '', { headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` } })
  expect((await basic('x:operator')).status).toBe(200)
  expect((await basic(':operator')).status).toBe(200)
  expect((await basic('operator:')).status).toBe(401)
  expect((await basic('operator')).status).toBe(401)
})

test('a token that may pull one image sees nothing else', async () => {
  await using served = await Served.open()
  const { store } = served.layout
  await store.put('porter', '1', await imageOf(store, layer))
  await store.put('duncan', '1', await imageOf(store, 'secret'))
  const token = 'machine'
  expect((await served.ask('GET', 'porter/manifests/1', { token })).status).toBe(200)
  expect(await (await served.ask('GET', '_catalog', { token })).json()).toEqual({ repositories: ['porter'] })
  expect(await served.no('GET', 'duncan/manifests/1', { token })).toBe('403 DENIED')
  expect(await served.no('GET', `duncan/blobs/${digestOfBytes('secret')}`, { token })).toBe('403 DENIED')
  expect(await served.no('GET', `porter/blobs/${digestOfBytes('secret')}`, { token })).toBe('404 BLOB_UNKNOWN')
  expect(await served.no('POST', 'porter/blobs/uploads/', { token })).toBe('403 DENIED')
  expect(await served.no('DELETE', 'porter/manifests/1', { token })).toBe('403 DENIED')
})

/** `team` pushes and pulls what is below team/, `operator` everything. */
const teams: Gatekeeper = {
  isKnown: ({ token }) => token === 'operator' || token === 'team',
  mayPull: (name, { token }) => token === 'operator' || (token === 'team' && name.startsWith('team/')),
  mayPush: (name, { token }) => token === 'operator' || (token === 'team' && name.startsWith('team/')),
}

test('who may push below one name reads nothing of another, whatever digest he knows', async () => {
  await using served = await Served.open({ gate: teams })
  const { store } = served.layout
  const bytes = await imageOf(store, layer)
  const { digest: version } = await store.put('porter', '1', bytes)
  const token = 'team'
  for (const secret of [digest, version]) {
    expect(await served.no('GET', `team/x/blobs/${secret}`, { token })).toBe('404 BLOB_UNKNOWN')
    expect((await served.ask('HEAD', `team/x/blobs/${secret}`, { token })).status).toBe(404)
    for (const from of ['', '&from=porter', '&from=team/x']) {
      const path = `team/x/blobs/uploads/?mount=${secret}${from}`
      expect((await served.ask('POST', path, { token })).status, path).toBe(202)
    }
  }
  expect(await served.no('GET', `team/x/manifests/${version}`, { token })).toBe('404 MANIFEST_UNKNOWN')
  const headers = { 'content-type': media.manifest }
  expect(await served.no('PUT', 'team/x/manifests/1', { token, headers, body: bytes })).toBe(
    '400 MANIFEST_BLOB_UNKNOWN',
  )
  expect(await served.no('GET', `team/x/blobs/${digest}`, { token })).toBe('404 BLOB_UNKNOWN')
})

test('a blob that was pushed is found under its name before its manifest comes', async () => {
  await using served = await Served.open({ gate: teams })
  const token = 'team'
  await served.ask('POST', `team/x/blobs/uploads/?digest=${digest}`, { token, body: layer })
  expect((await served.ask('HEAD', `team/x/blobs/${digest}`, { token })).status).toBe(200)
  expect((await served.ask('POST', `team/y/blobs/uploads/?mount=${digest}&from=team/x`, { token })).status).toBe(201)
  expect((await served.ask('HEAD', `team/y/blobs/${digest}`, { token })).status).toBe(200)
  expect((await served.ask('HEAD', `team/z/blobs/${digest}`, { token })).status).toBe(404)
})

test('a manifest comes by tag and by digest, in the bytes that were sent', async () => {
  await using served = await Served.open()
  const bytes = await imageOf(served.layout.store, layer)
  const { digest: name } = await served.layout.store.put('porter', '1', bytes)
  for (const reference of ['1', name]) {
    const answer = await served.ask('GET', `porter/manifests/${reference}`)
    expect(answer.headers.get('docker-content-digest')).toBe(name)
    expect(answer.headers.get('content-type')).toBe(media.manifest)
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true)
    const head = await served.ask('HEAD', `porter/manifests/${reference}`, {
      headers: { accept: `${media.index}, ${media.manifest};q=0.5` },
    })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)])
  }
  expect(await served.no('GET', 'porter/manifests/2')).toBe('404 MANIFEST_UNKNOWN')
  expect(await served.no('GET', 'porter/manifests/1', { headers: { accept: media.dockerManifest } })).toBe(
    '404 MANIFEST_UNKNOWN',
  )
})

test('a blob comes whole, in ranges, or not again', async () => {
  await using served = await Served.open()
  await served.layout.store.put('porter', '1', await imageOf(served.layout.store, layer))
  const get = (headers: Record<string, string> = {}): Promise<Response> =>
    served.ask('GET', `porter/blobs/${digest}`, { headers })
  const whole = await get()
  expect([whole.status, whole.headers.get('docker-content-digest'), await whole.text()]).toEqual([200, digest, layer])
  const part = await get({ range: 'bytes=4-8' })
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
    206,
    `bytes 4-8/${layer.length}`,
    'layer',
  ])
  expect(await (await get({ range: `bytes=${layer.length - 4}-` })).text()).toBe('wood')
  expect(await served.no('GET', `porter/blobs/${digest}`, { headers: { range: 'bytes=999-' } })).toBe(
    '416 RANGE_INVALID',
  )
  expect((await get({ 'if-none-match': `"${digest}"` })).status).toBe(304)
  const head = await served.ask('HEAD', `porter/blobs/${digest}`)
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(layer.length)])
  expect(await served.no('GET', `porter/blobs/${digestOfBytes('x')}`)).toBe('404 BLOB_UNKNOWN')
})

test('a pull is told with its bytes, so that it stands in the record of the boot', async () => {
  await using served = await Served.open()
  await served.layout.store.put('porter', '1', await imageOf(served.layout.store, layer))
  await (await served.ask('GET', `porter/blobs/${digest}`)).text()
  await expect
    .poll(() => served.transfers)
    .toMatchObject([{ name: `v2/porter/blobs/${digest}`, bytes: layer.length, outcome: 'sent' }])
})

test('an upload in one request', async () => {
  await using served = await Served.open()
  const answer = await served.ask('POST', `porter/blobs/uploads/?digest=${digest}`, { body: layer })
  expect([answer.status, answer.headers.get('location')]).toEqual([201, `/v2/porter/blobs/${digest}`])
  expect(await (await served.ask('GET', `porter/blobs/${digest}`)).text()).toBe(layer)
})

test('an upload in chunks goes on where it stood', async () => {
  await using served = await Served.open()
  const path = await served.upload()
  const first = await served.ask('PATCH', path, { body: layer.slice(0, 10), headers: { 'content-range': '0-9' } })
  expect([first.status, first.headers.get('range')]).toEqual([202, '0-9'])
  const wrong = await served.ask('PATCH', path, { body: layer.slice(12, 15), headers: { 'content-range': '12-14' } })
  expect([wrong.status, wrong.headers.get('range')]).toEqual([416, '0-9'])
  const look = await served.ask('GET', path)
  expect([look.status, look.headers.get('range')]).toEqual([204, '0-9'])
  await served.ask('PATCH', path, { body: layer.slice(10, 20), headers: { 'content-range': 'bytes 10-19/*' } })
  const last = await served.ask('PUT', `${path}?digest=${digest}`, { body: layer.slice(20) })
  expect(last.status).toBe(201)
  expect(await served.no('GET', path)).toBe('404 BLOB_UPLOAD_UNKNOWN')
  expect(await (await served.ask('GET', `porter/blobs/${digest}`)).text()).toBe(layer)
})

test('an upload that breaks off in the middle keeps what came, and can go on', async () => {
  await using served = await Served.open()
  const path = await served.upload()
  const socket = connect({ host: '127.0.0.1', port: served.server.port })
  socket.write(
    `PATCH /v2/${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer operator\r\nContent-Length: 24\r\n\r\n${layer.slice(0, 9)}`,
  )
  await expect.poll(async () => (await served.ask('GET', path)).headers.get('range')).toBe('0-8')
  socket.destroy()
  await expect
    .poll(
      async () =>
        (await served.ask('PATCH', path, { body: layer.slice(9), headers: { 'content-range': '9-23' } })).status,
    )
    .toBe(202)
  expect((await served.ask('PUT', `${path}?digest=${digest}`)).status).toBe(201)
})

test('an upload that is not what its digest says is refused and gone', async () => {
  await using served = await Served.open()
  const path = await served.upload()
  expect(await served.no('PUT', `${path}?digest=${digestOfBytes('other')}`, { body: layer })).toBe('400 DIGEST_INVALID')
  expect(await served.no('GET', path)).toBe('404 BLOB_UPLOAD_UNKNOWN')
  expect(readdirSync(served.layout.path('ingest'))).toEqual([])
})

test('an upload that is cancelled, or left alone too long, leaves nothing', async () => {
  await using served = await Served.open()
  const [first, second] = [await served.upload(), await served.upload()]
  await served.ask('PATCH', second, { body: 'x'.repeat(100) })
  expect((await served.ask('DELETE', first)).status).toBe(204)
  served.layout.now += 3_700_000
  const third = await served.upload()
  expect(await served.no('GET', second)).toBe('404 BLOB_UPLOAD_UNKNOWN')
  expect((await served.ask('GET', third)).status).toBe(204)
  expect(readdirSync(served.layout.path('ingest'))).toHaveLength(1)
})

test('uploads that nobody goes on with give way to a new one, the one that is silent for longest first', async () => {
  await using served = await Served.open({ limits: { largest: 1000, most: 2 } })
  const [first, second] = [await served.upload(), await served.upload()]
  served.layout.now += 11_000
  await served.ask('PATCH', first, { body: 'x' })
  const third = await served.upload()
  expect(await served.no('GET', second)).toBe('404 BLOB_UPLOAD_UNKNOWN')
  for (const path of [first, third]) expect((await served.ask('GET', path)).status).toBe(204)
})

test('an upload belongs to its name', async () => {
  await using served = await Served.open()
  const path = await served.upload('porter')
  expect(await served.no('PATCH', path.replace('porter', 'duncan'), { body: 'x' })).toBe('404 BLOB_UPLOAD_UNKNOWN')
})

test('a blob beyond the limit, and one upload too many, are refused; the space comes back', async () => {
  await using served = await Served.open({ limits: { largest: 1000, most: 2 } })
  const path = await served.upload()
  await served.upload()
  expect(await served.no('POST', 'porter/blobs/uploads/')).toBe('429 TOOMANYREQUESTS')
  expect(await served.no('PATCH', path, { body: 'x'.repeat(1001) })).toBe('413 SIZE_INVALID')
  const stream = new ReadableStream({
    start(controller) {
      for (let n = 0; n < 20; n++) controller.enqueue(Buffer.alloc(100))
      controller.close()
    },
  })
  expect(await served.no('PATCH', path, { body: stream, duplex: 'half' })).toBe('413 SIZE_INVALID')
  expect(readdirSync(served.layout.path('ingest'))).toHaveLength(1)
})

test('two requests at once on one upload: the second is told', async () => {
  await using served = await Served.open()
  const path = await served.upload()
  const socket = connect({ host: '127.0.0.1', port: served.server.port })
  socket.write(
    `PATCH /v2/${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer operator\r\nContent-Length: 9\r\n\r\nabc`,
  )
  await expect.poll(async () => (await served.ask('GET', path)).headers.get('range')).toBe('0-2')
  expect(await served.no('PATCH', path, { body: 'x' })).toBe('409 BLOB_UPLOAD_INVALID')
  socket.destroy()
})

test('a push that takes longer than any other request may is let through, a slow body elsewhere is not', async () => {
  await using served = await Served.open({ http: { requestTimeout: 200 } })
  const path = await served.upload()
  const slow = new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 150))
      controller.enqueue(Buffer.from('x'))
      if (++count === 5) controller.close()
    },
  })
  let count = 0
  const answer = await served.ask('PATCH', path, { body: slow, duplex: 'half' })
  expect([answer.status, answer.headers.get('range')]).toEqual([202, '0-4'])
})

test('a body from somebody without a token is not read', async () => {
  await using served = await Served.open()
  const socket = connect({ host: '127.0.0.1', port: served.server.port })
  socket.on('error', () => {})
  let text = ''
  socket.on('data', (piece: Buffer) => (text += piece.toString()))
  socket.write('POST /v2/porter/blobs/uploads/?digest=x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nabc')
  await once(socket, 'close')
  expect(text).toMatch(/^HTTP\/1\.1 401 /)
  expect(readdirSync(served.layout.path('ingest'))).toEqual([])
})

test('a blob is mounted from another image, when the client may pull that one', async () => {
  await using served = await Served.open()
  await served.layout.store.put('porter', '1', await imageOf(served.layout.store, layer))
  const mount = (query: string): Promise<Response> => served.ask('POST', `duncan/blobs/uploads/?${query}`)
  expect((await mount(`mount=${digest}&from=porter`)).status).toBe(201)
  expect((await mount(`mount=${digest}&from=banquo`)).status).toBe(202)
  expect((await mount(`mount=${digestOfBytes('gone')}&from=porter`)).status).toBe(202)
})

test('a manifest is pushed, read back and taken away', async () => {
  await using served = await Served.open()
  const bytes = await imageOf(served.layout.store, layer)
  const name = digestOfBytes(bytes)
  await served.bring('porter', layer, configOf([digest]))
  const put = await served.ask('PUT', 'porter/manifests/1', {
    body: bytes,
    headers: { 'content-type': media.manifest },
  })
  expect([put.status, put.headers.get('docker-content-digest')]).toEqual([201, name])
  await served.ask('PUT', 'porter/manifests/stable', { body: bytes, headers: { 'content-type': media.manifest } })
  expect(await (await served.ask('GET', 'porter/tags/list')).json()).toEqual({ name: 'porter', tags: ['1', 'stable'] })
  expect((await served.ask('DELETE', 'porter/manifests/stable')).status).toBe(202)
  expect(await (await served.ask('GET', 'porter/tags/list')).json()).toEqual({ name: 'porter', tags: ['1'] })
  expect((await served.ask('DELETE', `porter/manifests/${name}`)).status).toBe(202)
  expect(await served.no('DELETE', `porter/manifests/${name}`)).toBe('404 MANIFEST_UNKNOWN')
  expect(await served.no('GET', 'porter/tags/list')).toBe('404 NAME_UNKNOWN')
})

test('a client that has its manifest gets its layers, though the version is taken away meanwhile and gc runs', async () => {
  await using served = await Served.open()
  await served.layout.store.put('porter', '1', await imageOf(served.layout.store, layer))
  const token = 'machine'
  await (await served.ask('GET', 'porter/manifests/1', { token })).text()
  await served.layout.store.untag('porter', '1')
  await served.layout.store.gc({ grace: -10_000_000 })
  expect(await (await served.ask('GET', `porter/blobs/${digest}`, { token })).text()).toBe(layer)
})

test('hostile manifests are refused in the words of the protocol', async () => {
  await using served = await Served.open()
  const config = await keepBlob(served.layout.store, '{}')
  await served.bring('porter', '{}')
  const put = (body: Buffer, path = 'porter/manifests/1', type: string = media.manifest): Promise<string> =>
    served.no('PUT', path, { body: new Uint8Array(body), headers: { 'content-type': type } })
  const good = manifestOf({ config, layers: [] })
  expect(await put(Buffer.from('{'))).toBe('400 MANIFEST_INVALID')
  expect(await put(Buffer.alloc(5 << 20, ' '))).toBe('413 MANIFEST_INVALID')
  expect(await put(manifestOf({ mediaType: media.index, manifests: [] }), 'porter/manifests/1', media.index)).toBe(
    '400 MANIFEST_INVALID',
  )
  expect(await put(manifestOf({ config: { ...config, digest: digestOfBytes('gone') }, layers: [] }))).toBe(
    '400 MANIFEST_BLOB_UNKNOWN',
  )
  expect(await put(good, 'porter/manifests/1', media.dockerManifest)).toBe('400 MANIFEST_INVALID')
  expect(await put(good, `porter/manifests/${digestOfBytes('other')}`)).toBe('400 DIGEST_INVALID')
  expect(await served.layout.store.names()).toEqual([])
})

test.each([
  ['GET', 'Porter/manifests/1', '400 NAME_INVALID'],
  ['GET', 'a'.repeat(300) + '/manifests/1', '400 NAME_INVALID'],
  ['GET', 'porter/manifests/' + 'x'.repeat(129), '400 MANIFEST_INVALID'],
  ['GET', 'porter/manifests/sha512:00', '400 DIGEST_INVALID'],
  ['GET', 'porter/blobs/sha256:zz', '400 DIGEST_INVALID'],
  ['GET', 'porter/blobs/sha256:' + 'A'.repeat(64), '400 DIGEST_INVALID'],
  ['POST', 'porter/blobs/uploads/?digest=nonsense', '400 DIGEST_INVALID'],
  ['PUT', 'porter/blobs/uploads/nobody', '400 DIGEST_INVALID'],
  ['PATCH', 'porter/blobs/uploads/nobody', '404 BLOB_UPLOAD_UNKNOWN'],
  ['DELETE', `porter/blobs/${digest}`, '405 UNSUPPORTED'],
  ['POST', 'porter/manifests/1', '405 UNSUPPORTED'],
  ['GET', 'porter', '404 UNSUPPORTED'],
  ['GET', 'porter/tags/list?n=-1', '400 UNSUPPORTED'],
  ['DELETE', '', '405 UNSUPPORTED'],
  ['GET', '__proto__/manifests/constructor', '400 NAME_INVALID'],
])('%s %s is answered %s', async (method, path, expected) => {
  await using served = await Served.open()
  expect(await served.no(method, path)).toBe(expected)
})

test('tags and names come in pages', async () => {
  await using served = await Served.open()
  const bytes = await imageOf(served.layout.store, layer)
  for (const tag of ['1', '2', 'b', 'a']) await served.layout.store.put('porter', tag, bytes)
  await served.layout.store.put('duncan', '1', bytes)
  const page = await served.ask('GET', 'porter/tags/list?n=2')
  expect(await page.json()).toEqual({ name: 'porter', tags: ['1', '2'] })
  expect(page.headers.get('link')).toBe('</v2/porter/tags/list?n=2&last=2>; rel="next"')
  const rest = await served.ask('GET', 'porter/tags/list?n=2&last=2')
  expect([rest.headers.get('link'), await rest.json()]).toEqual([null, { name: 'porter', tags: ['a', 'b'] }])
  expect(await (await served.ask('GET', '_catalog?n=1')).json()).toEqual({ repositories: ['duncan'] })
  expect(await (await served.ask('GET', 'porter/tags/list?n=0')).json()).toEqual({ name: 'porter', tags: [] })
})

test('what refers to an image is found by its digest, and by its type', async () => {
  await using served = await Served.open()
  const { store } = served.layout
  const subject = await store.put('porter', '1', await imageOf(store, layer))
  const config = { ...(await keepBlob(store, '{}')), mediaType: 'application/vnd.oci.empty.v1+json' }
  const about = { mediaType: media.manifest, digest: subject.digest, size: 1 }
  const bytes = manifestOf({
    config,
    layers: [config],
    subject: about,
    artifactType: 'text/sbom',
    annotations: { a: 'b' },
  })
  const name = digestOfBytes(bytes)
  await served.bring('porter', '{}')
  const put = await served.ask('PUT', `porter/manifests/${name}`, {
    body: new Uint8Array(bytes),
    headers: { 'content-type': media.manifest },
  })
  expect([put.status, put.headers.get('oci-subject')]).toEqual([201, subject.digest])
  const all = await served.ask('GET', `porter/referrers/${subject.digest}`)
  expect(all.headers.get('content-type')).toBe(media.index)
  expect(await all.json()).toMatchObject({
    manifests: [{ digest: name, artifactType: 'text/sbom', annotations: { a: 'b' } }],
  })
  const other = await served.ask('GET', `porter/referrers/${subject.digest}?artifactType=x`)
  expect([other.headers.get('oci-filters-applied'), await other.json()]).toMatchObject([
    'artifactType',
    { manifests: [] },
  ])
  expect(await (await served.ask('GET', `porter/referrers/${digestOfBytes('nobody')}`)).json()).toMatchObject({
    manifests: [],
  })
  expect((await store.list()).map(({ tags }) => tags)).toEqual([['1']])
})

test('a blob that is gone from under its manifest, or is no file, is one clear 404; the server lives', async () => {
  await using served = await Served.open()
  await served.layout.store.put('porter', '1', await imageOf(served.layout.store, layer))
  rmSync(served.layout.blobPath(digest))
  expect(await served.no('GET', `porter/blobs/${digest}`)).toBe('404 BLOB_UNKNOWN')
  writeFileSync(served.layout.path('index.json'), 'nonsense')
  expect(await served.no('GET', 'porter/manifests/1')).toBe('500 UNKNOWN')
  expect(served.errors).toHaveLength(1)
  expect((await served.ask('GET', '')).status).toBe(200)
})
