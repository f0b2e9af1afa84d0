import { expect, test } from 'vitest'
import { openScene } from './image-scene.ts'

const hash = '%00'.repeat(20)
const announce = `announce?info_hash=${hash}&peer_id=${'p'.repeat(20)}&port=6881&left=1`

test('torrents, their tracker and multicast are for a machine inside its claimed install, at its own address', async () => {
  await using scene = await openScene()
  const token = await scene.boot()
  const digest = await layerOf(scene)
  const doors = [`/b/${token}/${digest}`, `/b/${token}/${announce}`, `/b/${token}/waiting`, `/m/${token}`]
  for (const url of doors) {
    expect((await scene.get(url, '10.77.0.66')).statusCode, url).toBe(403)
    expect((await scene.get(url.replace(token, 'x'.repeat(40)))).statusCode, url).toBe(403)
  }
  const torrent = await scene.get(`/b/${token}/${digest}`)
  expect([torrent.statusCode, torrent.body]).toEqual([200, expect.stringContaining(`/v2/porter/blobs/${digest}`)])
  expect((await scene.get(`/b/${token}/waiting`)).body).toBe('0\n')
})

test('a layer or a torrent that is not of its image is not told of; nonsense gets one sentence', async () => {
  await using scene = await openScene()
  const token = await scene.boot()
  const no = async (path: string): Promise<unknown> => {
    const { statusCode, body } = await scene.get(`/b/${token}/${path}`)
    return [statusCode, (JSON.parse(body) as { detail: string }).detail]
  }
  expect(await no(`sha256:${'0'.repeat(64)}`)).toEqual([404, 'porter:1 has no such layer'])
  expect(await no('..%2f..%2fetc%2fpasswd')).toEqual([404, 'porter:1 has no such layer'])
  expect(await no(announce)).toEqual([404, 'this machine is promised no such torrent'])
  expect(await no('announce?info_hash=a')).toEqual([400, 'that is no announce of a torrent'])
})

test('a round of multicast tells its group, its port and the number of the machine', async () => {
  await using scene = await openScene()
  const { statusCode, body } = await scene.get(`/m/${await scene.boot()}`)
  expect(statusCode).toBe(200)
  expect(body).toMatch(/^(?:waiting 239\.255\.77\.1 1044 0x0A4D000B|none the server has no uftp .*)\n$/)
})

async function layerOf({
  golden,
}: {
  readonly golden: { readonly store: { find(of: { name: string }): Promise<unknown> } }
}): Promise<string> {
  const version = (await golden.store.find({ name: 'porter' })) as { manifest: { layers: { digest: string }[] } }
  return version.manifest.layers[0]!.digest
}
