import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { Permits } from '../../src/machine/permit.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { SqlitePermits } from '../../src/store/sqlite/permits.ts'
import { forge, openBackupScene, partsOf, type BackupScene, type Part } from './scene.ts'

/** Refused in one sentence; nothing is left of it, neither where it was to go nor anywhere else. */
async function refuses(scene: BackupScene, file: string, why: RegExp): Promise<void> {
  const error: unknown = await scene.restore({}, file).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ name: 'Fault', message: expect.stringMatching(why) })
  expect((error as Error).message).not.toContain('\n')
  const [data, site] = [scene.to.data, scene.to.site].map((path) => existsSync(path))
  expect([data, site]).toEqual([false, false])
  expect(
    readdirSync(scene.path).filter((name) => !['birnam.backup', 'bad', 'data', 'new', 'site'].includes(name)),
  ).toEqual([])
  expect(existsSync('/tmp/birnam-evil')).toBe(false)
}

test('a backup that is cut short anywhere is refused, and nothing is left', async () => {
  await using scene = await openBackupScene()
  await scene.backup()
  const [bytes, bad] = [readFileSync(scene.file), join(scene.path, 'bad')]
  for (const part of [0, 0.001, 0.2, 0.5, 0.9, 0.99, 1]) {
    writeFileSync(bad, bytes.subarray(0, Math.min(Math.floor(bytes.length * part), bytes.length - 20)))
    await refuses(scene, bad, /is no whole backup of Birnam: /)
  }
})

test('a backup with another byte anywhere is refused', async () => {
  await using scene = await openBackupScene()
  await scene.backup()
  const [bytes, bad] = [readFileSync(scene.file), join(scene.path, 'bad')]
  for (let n = 1; n < 12; n++) {
    const changed = Buffer.from(bytes)
    const at = Math.floor((bytes.length * n) / 12)
    changed[at] = changed[at]! ^ 0x55
    writeFileSync(bad, changed)
    await refuses(scene, bad, /is no whole backup of Birnam: /)
  }
})

test.each([
  ['nothing', Buffer.alloc(0)],
  ['a text', Buffer.from('hello '.repeat(1000))],
  ['gzip', gzipSync('hello')],
  ['zstd of something else', zstdCompressSync(Buffer.from('hello '.repeat(1000)))],
  ['zeros', zstdCompressSync(Buffer.alloc(1 << 20))],
])('a file of %s is no backup', async (_, bytes) => {
  await using scene = await openBackupScene()
  writeFileSync(join(scene.path, 'bad'), bytes)
  await refuses(scene, join(scene.path, 'bad'), /is no whole backup of Birnam: /)
})

test('a file that is not there is told', async () => {
  await using scene = await openBackupScene()
  await refuses(scene, join(scene.path, 'bad'), /bad is not there/)
})

const file = (path: string, more: Partial<Part> = {}): Part => ({
  path,
  type: 'file',
  bytes: Buffer.from('evil'),
  ...more,
})

test.each<[string, readonly Part[]]>([
  ['a path out of the site', [file('site/../../../../tmp/birnam-evil')]],
  ['a path out of the data', [file('data/../../birnam-evil')]],
  ['an absolute path', [file('/tmp/birnam-evil')]],
  ['a file of the data directory that no backup has', [file('data/birnam.sock')]],
  ['a file beside both', [file('evil')]],
  ['a hard link', [{ path: 'site/x', type: 'link', target: 'site/birnam.yaml' }]],
  ['a device', [{ path: 'site/x', type: 'char' }]],
  ['a pipe', [{ path: 'site/x', type: 'fifo' }]],
  ['a link in the data', [{ path: 'data/image-key.pem', type: 'symlink', target: '/etc/passwd' }]],
  ['a link to elsewhere', [{ path: 'site/x', type: 'symlink', target: '/etc' }]],
  ['a link upwards', [{ path: 'site/x', type: 'symlink', target: '../x' }]],
  ['a link that turns round', [{ path: 'site/a/x', type: 'symlink', target: 'b/../../../etc' }]],
  ['a file through a link', [{ path: 'site/out', type: 'symlink', target: 'files' }, file('site/out/evil')]],
  ['a link in the place of a file', [{ path: 'site/birnam.yaml', type: 'symlink', target: 'fleet.yaml' }]],
  ['the same file twice', [file('site/birnam.yaml')]],
  ['a directory in the place of a file', [{ path: 'site/birnam.yaml', type: 'directory' }]],
  ['hooks of git', [file('site/.git/hooks/post-checkout')]],
  ['a blob that is not what its name says', [file(`data/images/blobs/sha256/${'0'.repeat(64)}`)]],
  ['a key that is none', [file('data/image-key.pem')]],
  ['a second database', [file('data/birnam.sqlite')]],
])('a backup that holds %s is refused', async (_, added) => {
  await using scene = await openBackupScene()
  await scene.backup()
  const names = new Set(added.map(({ path }) => path))
  const isExtra = names.has('data/image-key.pem')
  const parts = partsOf(scene.file).filter(({ path }) => !(isExtra && names.has(path)))
  forge(join(scene.path, 'bad'), [...parts, ...added])
  await refuses(scene, join(scene.path, 'bad'), /is no whole backup of Birnam: /)
})

test('a forged end, none, and what says that it is larger than any disk are refused', async () => {
  await using scene = await openBackupScene()
  await scene.backup()
  const [bad, parts] = [join(scene.path, 'bad'), partsOf(scene.file)]
  forge(
    bad,
    parts.filter(({ path }) => path !== 'data/birnam.sqlite'),
  )
  await refuses(scene, bad, /it holds no database/)
  forge(bad, parts.slice(1))
  await refuses(scene, bad, /it does not begin with birnam-backup\.json/)
  forge(bad, [...parts, { path: 'site/huge', type: 'file', size: 2 ** 50 }])
  await refuses(scene, bad, /has room for/)
  forge(bad, [...parts, { path: 'birnam-backup.json', type: 'file', size: 2 ** 40 }])
  await refuses(scene, bad, /has room for|is in no backup/)
})

/** Puts another database into a backup. */
async function withDatabase(scene: BackupScene, change: (database: DatabaseSync) => void): Promise<string> {
  const [path, bad] = [join(scene.path, 'bad.sqlite'), join(scene.path, 'bad')]
  const parts = partsOf(scene.file)
  writeFileSync(path, parts.find((part) => part.path === 'data/birnam.sqlite')!.bytes!)
  const database = new DatabaseSync(path)
  change(database)
  database.close()
  const bytes = readFileSync(path)
  rmSync(path)
  forge(
    bad,
    parts.map((part) => (part.path === 'data/birnam.sqlite' ? { ...part, size: bytes.length, bytes } : part)),
  )
  return bad
}

test('a database that says that permits are open is taken without them', async () => {
  await using scene = await openBackupScene()
  await scene.backup()
  const bad = await withDatabase(scene, (database) => {
    database.exec(`
      UPDATE permits SET state = 'armed', expiresAt = 9e15, endedAt = NULL, why = NULL WHERE machine = 'duncan';
      UPDATE permits SET state = 'half' WHERE machine = 'ross';
      INSERT INTO meta VALUES ('server-key', x'00');
      CREATE TRIGGER again AFTER UPDATE ON permits BEGIN UPDATE permits SET state = 'armed'; END;
      CREATE TABLE more (x);
      INSERT INTO events (at, type, machine, detail) VALUES (1, 'x', 'duncan', 'no JSON')`)
  })
  expect((await scene.restore({}, bad)).withdrawn).toEqual(['duncan', 'macbeth', 'ross'])
  const database = openDatabase(scene.to.data)
  expect(new Permits(new SqlitePermits(database)).open).toEqual([])
  const said = (sql: string): unknown => database.prepare(sql).get()
  expect(said("SELECT count(*) AS n FROM sqlite_schema WHERE type = 'trigger' OR name = 'more'")).toEqual({ n: 0 })
  expect(said("SELECT count(*) AS n FROM meta WHERE key = 'server-key'")).toEqual({ n: 0 })
  expect(said("SELECT count(*) AS n FROM events WHERE type = 'x'")).toEqual({ n: 0 })
  database.close()
})

test.each<[string, (database: DatabaseSync) => void, RegExp]>([
  ['a newer Birnam', (database) => database.exec('PRAGMA user_version=99'), /of a newer Birnam/],
  ['another program', (database) => database.exec('DROP TABLE permits'), /none of Birnam/],
  [
    'a view that says that it is a table',
    (database) => database.exec('DROP TABLE permits; CREATE VIEW permits AS SELECT 1 AS id'),
    /none of Birnam/,
  ],
  [
    'a table of other values',
    (database) =>
      database.exec(
        "DROP TABLE permits; CREATE TABLE permits (id, machine, target, by, createdAt, expiresAt, state); INSERT INTO permits VALUES (1, x'00', 'x', 'y', 'z', 'w', 'armed')",
      ),
    /damaged/,
  ],
])('a database of %s is refused', async (_, change, why) => {
  await using scene = await openBackupScene()
  await scene.backup()
  await refuses(scene, await withDatabase(scene, change), why)
})

test('a database with torn pages is refused', async () => {
  await using scene = await openBackupScene()
  await scene.backup()
  const parts = partsOf(scene.file).map((part) => {
    if (part.path !== 'data/birnam.sqlite') return part
    const bytes = Buffer.from(part.bytes!)
    bytes.fill(0xa5, 4096, bytes.length - 4096)
    return { ...part, bytes }
  })
  forge(join(scene.path, 'bad'), parts)
  await refuses(scene, join(scene.path, 'bad'), /its database is damaged/)
})
