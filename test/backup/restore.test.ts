import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { Sessions } from '../../src/boot/session.ts'
import { readUpdateToken, updateToken } from '../../src/files/update-token.ts'
import { digestOf } from '../../src/image/digest.ts'
import { Permits } from '../../src/machine/permit.ts'
import { parseMac } from '../../src/net/mac.ts'
import { openDatabase, serverKey } from '../../src/store/sqlite/database.ts'
import { SqliteEvents } from '../../src/store/sqlite/events.ts'
import { lockData } from '../../src/store/sqlite/lock.ts'
import { SqlitePermits } from '../../src/store/sqlite/permits.ts'
import { noon, openBackupScene, treeOf, type BackupScene } from './scene.ts'

/** Opens the database of a data directory for a moment. */
function inDatabase<T>(data: string, look: (database: DatabaseSync) => T): T {
  const database = openDatabase(data)
  try {
    return look(database)
  } finally {
    database.close()
  }
}

const permitsIn = (data: string): Permits => inDatabase(data, (database) => new Permits(new SqlitePermits(database)))

test('a backup is one file for its owner alone, and what is backed up stays as it was', async () => {
  await using scene = await openBackupScene()
  await scene.backup()
  expect((statSync(scene.file).mode & 0o777).toString(8)).toBe('600')
  expect(readdirSync(scene.path).toSorted()).toEqual(['birnam.backup', 'data', 'site'])
  expect(permitsIn(scene.data).open.map(({ machine, state }) => [machine, state])).toEqual([
    ['duncan', 'armed'],
    ['macbeth', 'claimed'],
  ])
})

test('a site comes back as it was, but for its history and what leads out of it', async () => {
  await using scene = await openBackupScene()
  await scene.backup()
  await scene.restore()
  const { '.git': _, '.git/config': _2, 'files/outside': _3, ...before } = treeOf(scene.site)
  expect(treeOf(scene.to.site)).toEqual(before)
})

test('keys and the image index come back, layers when they are wanted', async () => {
  await using scene = await openBackupScene()
  await scene.backup()
  await scene.restore()
  const blobs = (data: string): string[] => readdirSync(join(data, 'images/blobs/sha256'))
  expect([blobs(scene.data).length, blobs(scene.to.data).length]).toEqual([2, 1])
  for (const name of ['image-key.pem', 'images/index.json']) {
    expect(readFileSync(join(scene.to.data, name))).toEqual(readFileSync(join(scene.data, name)))
    expect((statSync(join(scene.to.data, name)).mode & 0o777).toString(8)).toBe('600')
  }
  rmSync(scene.file)
  await scene.backup(true)
  await scene.restore({ replace: true })
  expect(blobs(scene.to.data)).toEqual(blobs(scene.data))
  expect(statSync(scene.to.data).mode & 0o777).toBe(0o700)
})

// A clock that was set back, one that is right, and one that leaps: before the permits were made, then, and long after.
test.each([-30 * 86_400_000, -3600_000, 0, 1000, 86_400_000, 365 * 86_400_000])(
  'a restored backup arms nothing, with a clock that differs by %i ms',
  async (by) => {
    await using scene = await openBackupScene()
    await scene.backup()
    const { withdrawn } = await scene.restore({ now: noon + by })
    expect(withdrawn).toEqual(['duncan', 'macbeth'])
    const why = 'this state is from a backup of 2027-01-15 08:00:00 UTC, and a backup allows nothing'
    inDatabase(scene.to.data, (database) => {
      const permits = new Permits(new SqlitePermits(database))
      expect(permits.open).toEqual([])
      for (const at of [noon - 4500, noon + by, noon + by + 1000]) {
        expect(permits.claim('duncan', 'a session', '10.77.0.11', at)).toBeUndefined()
        expect(permits.claim('macbeth', 'a session', '10.77.0.12', at)).toBeUndefined()
      }
      for (const name of ['duncan', 'macbeth']) expect(permits.of(name)).toMatchObject({ state: 'withdrawn', why })
      expect(permits.of('banquo')?.state).toBe('used')
      expect(permits.of('ross')?.why).toBe('withdrawn by king')
      const events = new SqliteEvents(database)
      for (const machine of ['duncan', 'macbeth'])
        expect(events.ofMachine(machine, 1)).toMatchObject([
          { type: 'permit.withdrawn', detail: { permit: `permit-${machine}`, by: 'backup', why } },
        ])
    })
  },
)

test('the database in a backup arms nothing either, for whoever puts it back by hand', async () => {
  await using scene = await openBackupScene()
  const key = inDatabase(scene.data, serverKey)
  await scene.backup()
  const { partsOf } = await import('./scene.ts')
  const bytes = partsOf(scene.file).find(({ path }) => path === 'data/birnam.sqlite')!.bytes!
  expect(bytes.includes(key)).toBe(false)
  mkdirSync(scene.to.data, { recursive: true })
  writeFileSync(join(scene.to.data, 'birnam.sqlite'), bytes)
  expect(permitsIn(scene.to.data).open).toEqual([])
})

test('boot sessions, update URLs and tokens of before open nothing', async () => {
  await using scene = await openBackupScene()
  const sessionsOf = (data: string): Sessions => new Sessions(inDatabase(data, serverKey))
  const before = sessionsOf(scene.data)
  const session = before.arriving(parseMac('52:54:00:77:00:01'), noon)
  const right = {
    machine: 'duncan',
    image: 'porter:1',
    digest: digestOf('a'.repeat(64)),
    address: '10.77.0.11',
    until: noon + 3600_000,
  }
  await scene.backup()
  const { tokens } = await scene.restore()
  const after = sessionsOf(scene.to.data)
  expect(after.find(session.id, noon)).toBeUndefined()
  expect(after.byToken(before.tokenOf(session), noon)).toBeUndefined()
  expect(readUpdateToken(after, updateToken(before, right))).toBeUndefined()
  expect(tokens).toEqual(['ci'])
  expect(readdirSync(scene.to.data).filter((name) => /token/.test(name))).toEqual([])
})

test('tokens of the registry come back for whoever says so', async () => {
  await using scene = await openBackupScene()
  await scene.backup()
  await scene.restore({ tokens: true })
  for (const name of ['registry-token', 'tokens/ci.json'])
    expect(readFileSync(join(scene.to.data, name))).toEqual(readFileSync(join(scene.data, name)))
})

test('a backup beside a server that writes is of one moment', async () => {
  await using scene = await openBackupScene()
  using _ = lockData(scene.data)
  const database = openDatabase(scene.data)
  try {
    const permits = new Permits(new SqlitePermits(database))
    const events = new SqliteEvents(database)
    let n = 0
    const writing = setInterval(() => {
      n++
      permits.arm(
        { machine: `m${n}`, target: 'web', kind: 'install', content: 'c', by: 'king' },
        { lifetime: 1000, install: 1000 },
        noon,
        `id${n}`,
      )
      events.append(Array.from({ length: 50 }, () => ({ at: noon, type: 'x', detail: { n } })))
    }, 1)
    await scene.backup().finally(() => clearInterval(writing))
  } finally {
    database.close()
  }
  await scene.restore()
  expect(permitsIn(scene.to.data).open).toEqual([])
})

const untouched = (scene: BackupScene): void =>
  expect(existsSync(scene.to.data) || existsSync(scene.to.site)).toBe(false)

test('a restore waits for no server that runs: it is refused', async () => {
  await using scene = await openBackupScene()
  await scene.backup()
  const before = treeOf(scene.site)
  using _ = lockData(scene.data)
  const { restoreBackup } = await import('../../src/app/backup.ts')
  const into = restoreBackup(
    scene.file,
    { site: scene.to.site, data: scene.data },
    { replace: true, tokens: false, dataOnly: false, now: noon },
  )
  await expect(into).rejects.toThrow('another Birnam works with the data directory')
  expect(treeOf(scene.site)).toEqual(before)
  untouched(scene)
})

test('into a directory that holds something only by an explicit word, and what was there is kept', async () => {
  await using scene = await openBackupScene()
  await scene.backup()
  for (const name of ['data', 'site'] as const) {
    mkdirSync(scene.to[name], { recursive: true })
    writeFileSync(join(scene.to[name], 'mine'), 'mine')
    await expect(scene.restore()).rejects.toThrow(`${scene.to[name]} is not empty`)
    expect(readdirSync(scene.to[name]).filter((one) => one !== 'birnam.lock')).toEqual(['mine'])
    if (name === 'data') rmSync(join(scene.to.data, 'mine'))
  }
  mkdirSync(join(scene.to.site, '.git'))
  const { aside } = await scene.restore({ replace: true })
  expect(aside.map((path) => readdirSync(path))).toEqual([['mine']])
  expect(existsSync(join(scene.to.site, '.git'))).toBe(true)
  await scene.restore({ replace: true, dataOnly: true, now: noon + 5000 })
  expect(permitsIn(scene.to.data).open).toEqual([])
})

test.each([
  ['a file that is there', (scene: BackupScene) => scene.backup(), /is there already/],
  [
    'a file in the site',
    async (scene: BackupScene) => {
      const { makeBackup } = await import('../../src/app/backup.ts')
      await makeBackup(join(scene.site, 'x'), scene, { images: false, now: noon })
    },
    /lies in the site/,
  ],
  [
    'a data directory without a database',
    async (scene: BackupScene) => {
      const { makeBackup } = await import('../../src/app/backup.ts')
      await makeBackup(join(scene.path, 'x'), { site: scene.site, data: scene.site }, { images: false, now: noon })
    },
    /holds no database/,
  ],
])('no backup is made into or of %s', async (_, make, why) => {
  await using scene = await openBackupScene()
  await scene.backup()
  await expect(make(scene)).rejects.toThrow(why)
  expect(readdirSync(scene.path).toSorted()).toEqual(['birnam.backup', 'data', 'site'])
})
