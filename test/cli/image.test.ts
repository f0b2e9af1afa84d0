import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openPlace, type Place } from '../lab/place.ts'

const birnam = join(import.meta.dirname, '../../tools/birnam')

test(
  'capture, ls, show, diff, tag, squash, rm, gc, verify: each for people and for programs',
  { timeout: 240_000 },
  async () => {
    await using place = await openPlace()
    const tree = plant(place)
    const said = cli(place)
    expect(said('image', 'ls')).toContain('No images yet')
    expect(said('image', 'capture', tree, '--as', 'porter')).toMatch(
      /Left out by rules: tmp 1\nporter:1: 4 files; a layer of /,
    )
    expect(said('image', 'capture', tree, '--as', 'porter')).toBe(
      'Nothing has changed since porter:1: no new version.\n',
    )
    writeFileSync(join(tree, 'new'), 'new')
    expect(said('image', 'capture', tree, '--as', 'porter')).toMatch(
      /porter:2: 1 added, 1 changed, 0 removed since porter:1/,
    )
    expect(said('image', 'diff', 'porter:1', 'porter:2')).toMatch(
      /1 file added, 1 changed, 0 removed\n {2}~ \/ \(time\)\n {2}\+ \/new\n/,
    )
    expect(said('image', 'tag', 'porter:1', 'stable')).toMatch(/^porter:stable is sha256:/)
    expect(said('image', 'squash', 'porter:2')).toMatch(/^porter:3: one layer of /)
    expect(said('image', 'show', 'porter')).toMatch(/^porter:3\ndigest {3}sha256:[^]*layer 1/)
    expect(said('image', 'rm', 'porter:2')).toContain('taken away')
    expect(said('image', 'verify')).toContain('all as they were written')
    expect(said('image', 'gc', '--dry-run')).toContain('would be removed')
    expect(said('image', 'rules')).toMatch(/^machine-id +every machine/m)
    const rows = JSON.parse(said('image', 'ls', '--json')) as { tags: string[] }[]
    expect(rows.map(({ tags }) => tags)).toEqual([['1', 'stable'], ['3']])
  },
)

test('mistakes are one sentence with a hint, and exit 1', { timeout: 240_000 }, async () => {
  await using place = await openPlace()
  const wrong = (...words: string[]): string => {
    const { status, stderr } = spawnSync(birnam, ['--data', join(place.path, 'data'), 'image', ...words], {
      encoding: 'utf8',
    })
    return `${status}: ${stderr}`
  }
  expect(wrong('show', 'porter:9')).toBe('1: birnam: no image porter:9 (birnam image ls shows what there is)\n')
  expect(wrong('rm', 'porter')).toMatch(/^1: birnam: which version of porter\?/)
  expect(wrong('capture', '/no/such/place', '--as', 'porter')).toMatch(/^1: birnam: \/no\/such\/place is no file/)
  expect(wrong('capture', '-oProxyCommand=id', '--as', 'porter')).toMatch(/^[12]: /)
  expect(wrong('capture', '/tmp', '--as', 'Porter')).toMatch(/^1: birnam: "Porter" is no image/)
  expect(wrong('capture', '/tmp', '--as', 'porter', '--level', '99')).toMatch(/^1: birnam: --level 99/)
})

test(
  'kill -9 in the middle of a capture leaves the finished version, and no half one',
  { timeout: 240_000 },
  async () => {
    await using place = await openPlace()
    const tree = plant(place)
    const said = cli(place)
    said('image', 'capture', tree, '--as', 'porter')
    execFileSync('dd', ['if=/dev/urandom', `of=${join(tree, 'big')}`, 'bs=1M', 'count=200', 'status=none'])
    const child = spawn(birnam, ['--data', join(place.path, 'data'), 'image', 'capture', tree, '--as', 'porter'], {
      stdio: 'ignore',
      detached: true,
    })
    const half = join(place.path, 'data/images/ingest')
    for (let wait = 0; wait < 200 && readdirSync(half).length === 0; wait++) await sleep(20)
    process.kill(-child.pid!, 'SIGKILL')
    await once(child, 'exit')
    expect((JSON.parse(said('image', 'ls', '--json')) as unknown[]).length).toBe(1)
    expect(said('image', 'verify')).toContain('all as they were written')
    rmSync(join(tree, 'big'))
    writeFileSync(join(tree, 'small'), 'x')
    expect(said('image', 'capture', tree, '--as', 'porter')).toContain('porter:2')
  },
)

function plant(place: Place): string {
  const tree = join(place.path, 'tree')
  mkdirSync(join(tree, 'tmp'), { recursive: true })
  writeFileSync(join(tree, 'tmp/junk'), 'x')
  mkdirSync(join(tree, 'etc'))
  writeFileSync(join(tree, 'etc/motd'), 'welcome\n')
  return tree
}

function cli(place: Place): (...words: string[]) => string {
  return (...words) => execFileSync(birnam, ['--data', join(place.path, 'data'), ...words], { encoding: 'utf8' })
}
