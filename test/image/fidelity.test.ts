import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, ftruncateSync, linkSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { capture } from '../../src/image/capture.ts'
import { openDirectory } from '../../src/image/capture-machine.ts'
import { squash } from '../../src/image/squash.ts'
import { openTreeCache } from '../../src/image/tree-cache.ts'
import type { Tree } from '../../src/image/tree.ts'
import { treeOf } from '../../src/image/version-tree.ts'
import { openPlace } from '../lab/place.ts'
import { layAsImager } from './lay.ts'
import { MemoryStore } from './memory-store.ts'

const why = missing()

test.skipIf(why !== undefined)(
  `every odd thing that a file system can hold comes back as it was, in one layer, in two, and squashed${why ?? ''}`,
  { timeout: 120_000 },
  async () => {
    await using place = await openPlace()
    const [tree, first, second] = ['tree', 'first', 'second'].map((name) => join(place.path, name)) as [
      string,
      string,
      string,
    ]
    mkdirSync(tree)
    oddTree(tree)
    await using _socket = await socketAt(join(tree, 'a-socket'))
    const store = new MemoryStore()
    const cache = openTreeCache(join(place.path, 'cache'))
    const once = async (): Promise<Awaited<ReturnType<typeof capture>>> => {
      await using source = openDirectory(tree)
      return await capture(store, source, { as: 'odd', cache })
    }
    const one = await once()
    expect([one.unsteady, one.vanished, one.notes]).toEqual([[], [], ['a-socket is a socket: left out']])
    await layAsImager(store, one.version!, first)
    expectSame(tree, first)
    expect((await once()).version).toBeUndefined()

    change(tree)
    const two = await once()
    expect(two.version!.manifest.layers).toHaveLength(2)
    await layAsImager(store, two.version!, second)
    expectSame(tree, second)
    // What is known of the files by writing the layers is what reading them again tells.
    const known = (await treeOf(store, two.version!, { cache })).tree
    const read = (await treeOf(store, two.version!, { cache: openTreeCache(join(place.path, 'other')) })).tree
    expect(textsOf(read)).toEqual(textsOf(known))

    rmSync(second, { recursive: true })
    const three = await squash(store, two.version!, {})
    expect(three.manifest.layers).toHaveLength(1)
    await layAsImager(store, three, second)
    expectSame(tree, second)
  },
)

function textsOf(tree: Tree): string[] {
  return [...tree].map(([path, node]) => [path, node.size, node.mtime, node.nsec, node.xattrs].join(' ')).toSorted()
}

function oddTree(tree: string): void {
  const shell = String.raw`set -e
    printf one > "$(printf 'new\nline')"
    printf two > "$(printf 'inv\377\376alid')"
    printf three > 'back\n\\slash "quote" $dollar *star'
    printf four > -dash; printf five > ' leading and trailing '
    printf six > "$(printf '%0255d' 7)"
    d=.; for i in $(seq 30); do d="$d/$(printf '%0100d' "$i")"; done
    mkdir -p "$d"; printf deep > "$d/file"
    mkdir links; printf hard > links/0
    printf capable > capable; setcap cap_net_raw,cap_net_admin+ep capable
    printf acl > acl; setfacl -m u:4242:rw,g:77:r acl
    mkdir acldir; setfacl -m u:4242:rwx,d:u:4242:rx acldir
    setfattr -n user.text -v 'a value' acl; setfattr -n user.bytes -v 0x00ff0a3d acl
    setfattr -n trusted.own -v trusted acldir
    setfattr -n user.long -v "$(head -c 3000 /dev/zero | tr '\0' x)" acl
    dd if=/dev/urandom of=holes bs=4096 count=1 seek=100 status=none; truncate -s 3M holes
    truncate -s 1M only-hole
    for i in $(seq 0 2 200); do dd if=/dev/urandom of=comb bs=4096 count=1 seek=$i conv=notrunc status=none; done
    touch -d '1965-03-04 05:06:07.123456789' before; touch -d @0 zero; touch -d '2300-01-01 00:00:00.000000001' after; touch -d @-0.5 justbefore
    printf s > setuid; chmod 4755 setuid; printf s > setgid; chmod 2755 setgid; mkdir sticky; chmod 1777 sticky
    printf x > nothing; chmod 0 nothing; mkdir closed; printf in > closed/in; chmod 0 closed
    printf o > owned; chown 4000000000:3999999999 owned; chmod 6711 owned
    mkfifo -m 640 pipe; mknod char c 1 3; mknod block b 259 70000; chmod 660 block
    ln -s nowhere dangling; ln -s "$(head -c 3000 /dev/zero | tr '\0' y)" longlink; ln -s /etc/shadow absolute
    chown -h 12:34 dangling; touch -h -d @1000000000.5 dangling
    mkdir empty; mkdir -m 700 "$(printf 'dir\377')"; ln absolute absolute2
    touch -d @1234567890.987654321 empty closed .
  `
  execFileSync('sh', ['-c', shell], { cwd: tree, stdio: ['ignore', 'inherit', 'inherit'] })
  for (let index = 1; index <= 5000; index++) linkSync(join(tree, 'links/0'), join(tree, `links/${index}`))
  sparse(join(tree, 'five-gib'), 5 * 1024 ** 3)
  writeFileSync(join(tree, 'plain'), 'plain')
}

function sparse(path: string, size: number): void {
  const file = openSync(path, 'w')
  writeSync(file, 'at the start')
  writeSync(file, 'beyond 4 GiB', 4.5 * 1024 ** 3)
  ftruncateSync(file, size)
  closeSync(file)
}

/** One change of each kind that a second layer must carry. */
function change(tree: string): void {
  const shell = String.raw`set -e
    printf changed > links/7; ln links/3 links/more; rm links/5
    rm -r acldir empty; printf 'now a file' > empty
    rm plain; mkdir plain; printf x > plain/x
    setfacl -m u:99:r acl; setcap cap_chown+ep capable
    touch -h -d @1000000001.25 dangling; rm longlink
    printf more >> "$(printf 'inv\377\376alid')"; rm "$(printf 'new\nline')"
    mv block block2; chmod 600 char; truncate -s 6G five-gib
  `
  execFileSync('sh', ['-c', shell], { cwd: tree, stdio: ['ignore', 'inherit', 'inherit'] })
}

/** Twice, by other people's eyes: rsync for contents, links and attributes; find for all that stat tells, space on the disk too. */
function expectSame(tree: string, copy: string): void {
  const words = ['-aHAXn', '--checksum', '--itemize-changes', '--delete', '--exclude=/a-socket']
  // Contents of the big one by cmp, which leaps over holes: rsync would sum 5 GiB of zeros, twice.
  expect(execFileSync('rsync', [...words, '--exclude=/five-gib', `${tree}/`, `${copy}/`]).toString()).toBe('')
  expect(facts(copy)).toEqual(facts(tree))
}

function facts(tree: string): string[] {
  const listing = String.raw`LC_ALL=C; export LC_ALL
    find . -name a-socket -prune -o -printf '%P\t%y %m %U:%G %s %T@ %n %l\0' | LC_ALL=C sort -z | tr '\0\n' '\n\1'
    find . -type c -exec stat -c '%n %t:%T' {} + -o -type b -exec stat -c '%n %t:%T' {} + | sort
    getfattr -R -P -h -d -m - -e hex . 2>/dev/null | grep -v '^$' | tr '\n' '~' | sed 's/~# file/\n# file/g' | sort
    find . -type f ! -name capable -size +1000k -printf '%P %b\n' | sort | awk '{ print $1, ($2 < 10000 ? "sparse" : "full") }'
    tail -c +4831838209 five-gib | head -c 12; head -c 12 five-gib`
  return execFileSync('sh', ['-c', listing], { cwd: tree, encoding: 'latin1', maxBuffer: 1 << 26 })
    .split('\n')
    .map(withoutDirectorySize)
}

/** Of a directory the size is the file system's own affair. */
function withoutDirectorySize(line: string): string {
  return line.replace(/\td (\S+) (\S+) \d+ (\S+) \d+ /, '\td $1 $2 - $3 ')
}

function socketAt(path: string): Promise<AsyncDisposable> {
  const server = createServer()
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()))
  return new Promise((resolve) => server.listen(path, () => resolve({ [Symbol.asyncDispose]: close })))
}

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return ' (skipped: needs root)'
  const wanted = { setfacl: 'acl', setfattr: 'attr', setcap: 'libcap2-bin', rsync: 'rsync' }
  const absent = Object.entries(wanted).filter(([name]) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
  return absent.length === 0 ? undefined : ` (skipped: needs ${absent.map(([, name]) => name).join(', ')})`
}
