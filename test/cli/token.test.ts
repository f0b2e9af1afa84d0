import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openHouse } from '../house.ts'
import { typed } from './typed.ts'

test('with --json the token goes to a file alone', async () => {
  using house = openHouse()
  const data = join(house.directory, 'data')
  const birnam = (...words: string[]): ReturnType<typeof typed> => typed(['node', 'birnam', '--data', data, ...words])
  expect(await birnam('token', 'create', 'ci', '--json')).toMatchObject({
    code: 1,
    out: expect.stringContaining('a token is never printed as JSON'),
  })
  const file = join(house.directory, 'secret')
  const { out } = await birnam('token', 'create', 'ci', '--json', '--out', file, '--image', 'porter', '--for', '1d')
  const token = readFileSync(file, 'utf8').trim()
  expect(JSON.parse(out)).toMatchObject({ name: 'ci', may: 'pull', images: ['porter'] })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(out + (await birnam('token', 'ls', '--json')).out).not.toContain(token)
})

test('a file that is there already is not written over, and no token is made', async () => {
  using house = openHouse()
  const data = join(house.directory, 'data')
  const file = join(house.directory, 'birnam.yaml')
  const { err } = await typed(['node', 'birnam', '--data', data, 'token', 'create', 'ci', '--out', file])
  expect(err).toContain('it is there already (name a new file with --out; no token was made)')
  expect(existsSync(join(data, 'tokens', 'ci.json'))).toBe(false)
})

test.each([
  [['--image', 'Porter'], '"Porter" is no image'],
  [['--image', '*'], '"*" is no image'],
  [['--for', 'ever'], '"ever" is no time'],
  [['--for', '0'], '"0" is no time'],
])('%j: %s', async (words, message) => {
  using house = openHouse()
  const data = join(house.directory, 'data')
  const { code, out, err } = await typed(['node', 'birnam', '--data', data, 'token', 'create', 'ci', ...words])
  expect([code, out, err]).toEqual([1, '', expect.stringContaining(message)])
})
