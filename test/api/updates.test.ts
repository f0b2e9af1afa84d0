import { expect, test } from 'vitest'
import { allowUpdate } from '../../src/api/update-allow.ts'
import { own } from '../house.ts'
import { openScene, type Scene } from './image-scene.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const drift = { 'content-type': 'application/x-birnam-drift' }

async function tokenOf({ house }: Scene): Promise<string> {
  return new URL((await allowUpdate(house.house, 'duncan', { by: 'test' })).url).pathname
}

async function send(
  { app }: Scene,
  url: string,
  body: string | Buffer,
  headers: Record<string, string>,
  from = own,
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await app.inject({ method: 'POST', url, headers, payload: body, remoteAddress: from })
  return { status: answer.statusCode, text: answer.body }
}

test('a plan answers whoever excludes paths by patterns, also by those that no expression gets through', async () => {
  await using scene = await openScene()
  const url = `${await tokenOf(scene)}/plan`
  for (const exclude of ['**************/zzz', `${'*a'.repeat(100)}b`, '/etc/new\netc/*.d\nnode_modules']) {
    const { status } = await send(scene, url, new URLSearchParams({ exclude }).toString(), form)
    expect(status).toBe(200)
  }
})

test.each([
  ['too many paths', `${'a\n'.repeat(1001)}`, '1001 paths are excluded, and 1000 may be'],
  ['too many patterns', `${'a*\n'.repeat(51)}`, '51 excludes have a star or a question mark, and 50 may have one'],
  ['a long pattern', `*${'a'.repeat(256)}`, 'an exclude with a star or a question mark has more than 256 characters'],
  ['a long path', 'a'.repeat(4097), 'an exclude has more than 4096 characters'],
])(
  '%s are refused in one sentence, by the plan, the list of what is expected, and the drift',
  async (_, exclude, why) => {
    await using scene = await openScene()
    const url = await tokenOf(scene)
    const asked = new URLSearchParams({ exclude, from: 'porter:1' }).toString()
    const said = {
      plan: await send(scene, `${url}/plan`, asked, form),
      expected: await send(scene, `${url}/expected`, asked, form),
      drift: await send(scene, `${url}/drift`, `x${exclude}\0`, drift),
    }
    for (const { status, text } of Object.values(said)) {
      expect(status).toBe(400)
      expect(text).toContain(why)
    }
  },
)

test('a machine that says that everything differs is told so, without being read to the end', async () => {
  await using scene = await openScene()
  const url = `${await tokenOf(scene)}/drift`
  const { status, text } = await send(scene, url, Buffer.alloc(8 << 20), drift)
  expect([status, text]).toEqual([
    400,
    'more than 500000 paths differ (is this machine of that image at all? Look at birnam machine show)\n',
  ])
})

test('drift is told path by path', async () => {
  await using scene = await openScene()
  const url = `${await tokenOf(scene)}/drift`
  const record = (sign: string, mode: string): string => `${sign}f ${mode} 0 0 3 1.0000000000 ./etc/old\0`
  const said = `x/srv\0${record('-', '644')}${record('+', '600')}#abc  ./etc/old\0-d 755 0 0 ./opt\0+l 0 0 ./srv/x\u0001y\0+l 0 0 ./usr/x\u0001y\0`
  const { text } = await send(scene, url, Buffer.from(said, 'latin1'), drift)
  expect(text).toBe(
    'drift: 1 changed, 1 missing, 1 added\nadded /usr/x\nchanged /etc/old (mode, content)\nmissing /opt\n',
  )
})

test('nobody sends 32 MB before his token is looked at', async () => {
  await using scene = await openScene()
  const url = await tokenOf(scene)
  const { status, text } = await send(scene, `${url}/drift`, Buffer.alloc(33 << 20), drift, '10.77.0.66')
  expect([status, text.split('\n')[0]]).toEqual([403, expect.stringContaining('asked from a foreign address')])
})

test('a machine has two requests answered at once, and no third one', async () => {
  await using scene = await openScene()
  const url = `${await tokenOf(scene)}/plan`
  const answers = await Promise.all(Array.from({ length: 4 }, () => send(scene, url, 'exclude=', form)))
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 409, 409])
  expect(await send(scene, url, 'exclude=', form)).toMatchObject({ status: 200 })
})
