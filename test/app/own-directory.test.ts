import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStore, openTokens, openTrees } from '../../src/app/images.ts'
import { shutToOthers } from '../../src/app/own-directory.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { lockData } from '../../src/store/sqlite/lock.ts'
import { PieceBook } from '../../src/swarm/piece-book.ts'
import { imageOf } from '../image/layout.ts'

function openPlace(): Disposable & { readonly data: string } {
  const data = mkdtempSync(join(tmpdir(), 'birnam-data-'))
  return { data, [Symbol.dispose]: () => rmSync(data, { recursive: true }) }
}

/** Every path that anybody but the owner may read, write or enter. */
function openIn(directory: string): string[] {
  const all = ['', ...readdirSync(directory, { recursive: true }).map(String)]
  return all.filter((path) => (statSync(join(directory, path)).mode & 0o077) !== 0)
}

function openEverything(directory: string): void {
  for (const path of readdirSync(directory, { recursive: true }).map(String)) {
    const full = join(directory, path)
    chmodSync(full, statSync(full).isDirectory() ? 0o755 : 0o644)
  }
  chmodSync(directory, 0o755)
}

/** A directory with all that Birnam keeps in one. */
async function fill(data: string): Promise<void> {
  const { store } = openStore(data, {})
  const version = await store.put('porter', '1', await imageOf(store, 'root:$6$shadow'))
  openTokens(data).add({ name: 'ci', may: 'pull', images: [], by: 'macbeth' }, 1)
  await openTrees(data).save(version.digest, new Map(), '')
  const { digest, size } = version.manifest.layers[0]!
  await new PieceBook(join(data, 'torrents'), store).torrentOf(digest, size)
  using _ = lockData(data)
  const database = openDatabase(data)
  expect(openIn(data)).toEqual([])
  database.close()
}

test('everything in a data directory is its owner’s alone, also where the directory was there and open', async () => {
  using place = openPlace()
  chmodSync(place.data, 0o755)
  await fill(place.data)
  expect(openIn(place.data)).toEqual([])
})

test('a data directory that stood open with all that is in it is shut, and that is said once', async () => {
  using place = openPlace()
  await fill(place.data)
  openEverything(place.data)
  const said: string[] = []
  shutToOthers(place.data, (sentence) => said.push(sentence))
  expect(openIn(place.data)).toEqual([])
  expect(said).toEqual([
    expect.stringMatching(/was open to other users of this host, and is its owner’s alone now \(changed: \d+\)/),
  ])
  shutToOthers(place.data, (sentence) => said.push(sentence))
  expect(said).toHaveLength(1)
})

test('a blob in an inner directory that is open is found behind a shut one', async () => {
  using place = openPlace()
  await fill(place.data)
  openEverything(join(place.data, 'images'))
  shutToOthers(place.data, () => {})
  expect(openIn(place.data)).toEqual([])
})

test('a directory that holds other things as well stays as open as it was; what is Birnam’s in it is shut', async () => {
  using place = openPlace()
  await fill(place.data)
  mkdirSync(join(place.data, 'www'))
  writeFileSync(join(place.data, 'www/index.html'), '')
  openEverything(place.data)
  const said: string[] = []
  shutToOthers(place.data, (sentence) => said.push(sentence))
  expect(openIn(place.data).toSorted()).toEqual(['', 'www', 'www/index.html'])
  expect(said[1]).toMatch('stays open to other users: give Birnam a directory of its own')
})

test('trees keep the modes of what is in them', () => {
  using place = openPlace()
  mkdirSync(join(place.data, 'trees/porter'), { recursive: true, mode: 0o755 })
  shutToOthers(place.data, () => {})
  expect(statSync(join(place.data, 'trees')).mode & 0o777).toBe(0o700)
  expect(statSync(join(place.data, 'trees/porter')).mode & 0o777).toBe(0o755)
})
