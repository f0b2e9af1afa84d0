import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const why = process.getuid?.() === 0 ? '' : ' (skipped: needs root, for device nodes)'

/** What the functions of guard.sh see of one machine: two disks, `a` and `b`. */
interface Scene {
  /** EXPECTED_DISKS. */
  readonly expected?: string
  /** What wipefs says is on a disk, a word each. */
  readonly contents?: Readonly<Record<string, string>>
  /** Partitions of a disk. */
  readonly parts?: Readonly<Record<string, readonly string[]>>
  readonly mounts?: string
  readonly swaps?: string
  /** Nodes that are no block devices. */
  readonly absent?: readonly string[]
  /** The disks that the layout took. */
  readonly used?: string
}

const stubs = String.raw`
say() { echo "$*"; }
disks_fail() { echo "FAIL $*"; return 1; }
disks_chosen() { disks_used=$USED; }
disks_names() { echo "serial:$(basename "$1") path:pci-$(basename "$1")"; }
disks_identity() { echo "serial:$(basename "$1")"; }
wipefs() { for last; do :; done; name=$(basename "$last"); echo '# DEVICE,OFFSET,UUID,LABEL,TYPE'; sed -n "s/^$name=/x,0x0,,/p" "$PLACE/contents" | sed 's/,,\(.*\)$/,,\1/'; }
blkid() { :; }
awk() { for last; do :; done; case $last in /proc/*) file=$PLACE/$(basename "$last") ;; *) command awk "$@"; return ;; esac; command awk "$1" "$2" "$3" "$file"; }
`

/** Runs shell text after guard.sh with these facts; what it printed, `$a` and `$b` in it. */
function run(scene: Scene, work: string): string {
  const place = mkdtempSync(join(tmpdir(), 'birnam-guard-'))
  try {
    for (const name of ['a', 'b'])
      if (!scene.absent?.includes(name)) execFileSync('mknod', [join(place, name), 'b', '7', '200'])
    const named = (text: string): string => text.replaceAll('$', `${place}/`)
    const contents = Object.entries(scene.contents ?? {}).map(([name, what]) => `${name}=${what}\n`)
    writeFileSync(join(place, 'contents'), contents.join(''))
    writeFileSync(join(place, 'mounts'), named(scene.mounts ?? ''))
    writeFileSync(join(place, 'swaps'), named(scene.swaps ?? ''))
    const parts = Object.entries(scene.parts ?? {}).map(
      ([name, list]) => `${place}/${name}) echo ${list.map((part) => `${place}/${part}`).join(' ')} ;;`,
    )
    const script = [
      '. src/imager/disks/guard.sh',
      stubs,
      `disks_parts() { case $1 in ${parts.join(' ')} *) ;; esac; }`,
      `disks_passed=''`,
      work,
    ].join('\n')
    const env = {
      PATH: process.env['PATH'],
      PLACE: place,
      EXPECTED_DISKS: scene.expected ?? '',
      USED: named(scene.used ?? '$a'),
    }
    const { stdout, stderr } = spawnSync('sh', ['-c', script], { env, encoding: 'utf8' })
    return (stdout + stderr).replaceAll(`${place}/`, '$')
  } finally {
    rmSync(place, { recursive: true })
  }
}

const ask = (scene: Scene): string => run(scene, 'disks_guard && echo PASSED || echo REFUSED')
const guardTest = test.skipIf(why !== '')

guardTest(`an empty disk passes${why}`, () => {
  expect(ask({})).toBe('disks: $a is empty\nPASSED\n')
})

guardTest(`a disk that holds something passes only when the permit or the last install names it${why}`, () => {
  const contents = { a: 'ext4' }
  expect(ask({ contents })).toMatch(/\$a holds data(?:.*\n)*.*ext4\n(?:.*\n)*.*because of: \$a\nREFUSED\n$/)
  expect(ask({ contents, expected: 'serial:b path:pci-b' })).toMatch(/REFUSED\n$/)
  for (const expected of ['serial:a', 'serial:b  path:pci-a', 'serial:b\nserial:a', 'any', 'serial:b any'])
    expect(ask({ contents, expected })).toBe('disks: $a is known and will be wiped (serial:a)\nPASSED\n')
})

guardTest(`a part of a name, a pattern and a word like any name no disk${why}`, () => {
  for (const expected of ['serial:', 'a', 'serial:ab', 'xserial:a', '*', 'serial:*', 'anything', 'many', 'serial:any'])
    expect([expected, ask({ contents: { a: 'ext4' }, expected })]).toEqual([
      expected,
      expect.stringMatching(/REFUSED\n$/),
    ])
})

guardTest(`a partition is content, even one that holds nothing known${why}`, () => {
  expect(ask({ parts: { a: ['a1'] } })).toMatch(/partition \$a1 *\n(?:.*\n)*REFUSED\n$/)
})

guardTest(`a disk in use is never wiped, whatever the permit says${why}`, () => {
  const parts = { a: ['a1'] }
  for (const [scene, said] of [
    [{ mounts: '$a / ext4 rw 0 0\n' }, '$a is mounted at /'],
    [{ parts, mounts: '$a1 /boot ext4 rw 0 0\n' }, '$a1 is mounted at /boot'],
    [{ parts, swaps: '$a1 partition 100 0 -2\n' }, '$a1 is swap'],
  ] as const)
    expect(ask({ ...scene, expected: 'any' })).toBe(
      `disks: ${said}\nFAIL nothing was written, because of: $a\nREFUSED\n`,
    )
})

guardTest(`a node that is not there stops everything${why}`, () => {
  expect(ask({ absent: ['a'], expected: 'any' })).toBe(
    'disks: $a is not there\nFAIL nothing was written, because of: $a\nREFUSED\n',
  )
})

guardTest(`a file where the node should be is no disk${why}`, () => {
  const made = 'echo x >"$PLACE/c"; disks_guard && echo PASSED || echo REFUSED'
  expect(run({ used: '$c', expected: 'any' }, made)).toMatch(/\$c is not there\n(?:.*\n)*REFUSED\n$/)
})

guardTest(`every bad disk is named${why}`, () => {
  expect(ask({ used: '$a $b', absent: ['a', 'b'] })).toMatch(/because of: \$a \$b\nREFUSED\n$/)
  expect(ask({ used: '$a $b', contents: { a: 'xfs', b: 'ext4' } })).toMatch(/because of: \$a \$b\nREFUSED\n$/)
  expect(ask({ used: '$a $b', mounts: '$a / x\n$b /x x\n' })).toMatch(/because of: \$a \$b\nREFUSED\n$/)
})

guardTest(`one bad disk of two keeps both${why}`, () => {
  const said = ask({ used: '$a $b', contents: { b: 'xfs' } })
  expect(said).toMatch(/^disks: \$a is empty\n(?:.*\n)*FAIL nothing was written, because of: \$b\nREFUSED\n$/)
  expect(ask({ used: '$a $b', contents: { a: 'xfs' } })).toMatch(/\$b is empty\nFAIL .*: \$a\nREFUSED\n$/)
})

guardTest(`whoever writes has asked: for these very disks, and with success${why}`, () => {
  const guarded = 'disks_guarded && echo WRITES || echo REFUSED'
  expect(run({}, guarded)).toBe('disks: $a is empty\nWRITES\n')
  expect(run({}, `disks_guard >/dev/null; ${guarded}`)).toBe('WRITES\n')
  expect(run({ contents: { a: 'ext4' } }, `disks_guard >/dev/null; ${guarded}`)).toMatch(
    /holds data(?:.*\n)*REFUSED\n$/,
  )
  // Passed for one disk, and the layout takes another now.
  const changed = `disks_guard >/dev/null; USED=$PLACE/b; ${guarded}`
  expect(run({ contents: { b: 'ext4' } }, changed)).toMatch(/\$b holds data(?:.*\n)*REFUSED\n$/)
  // Passed once, refused later: the first answer does not count any more.
  const later = `disks_guard >/dev/null; echo a=ext4 >"$PLACE/contents"; disks_guard >/dev/null; ${guarded}`
  expect(run({}, later)).toMatch(/holds data(?:.*\n)*REFUSED\n$/)
})

guardTest(`no disk at all is no agreement${why}`, () => {
  expect(run({}, 'disks_chosen() { return 1; }; disks_guard && echo PASSED || echo REFUSED')).toBe('REFUSED\n')
  expect(run({}, 'disks_chosen() { return 1; }; disks_guarded && echo WRITES || echo REFUSED')).toBe('REFUSED\n')
})
