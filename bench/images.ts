import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { capture } from '../src/image/capture.ts'
import { openDirectory } from '../src/image/capture-machine.ts'
import { extractWords } from '../src/image/extract-words.ts'
import { openLayoutStore } from '../src/image/layout-store.ts'
import type { Descriptor } from '../src/image/oci.ts'
import { noCache } from '../src/image/tree-cache.ts'
import { openDebian } from '../test/lab/debian.ts'
import { cpuOf, Programs } from './lib/programs.ts'
import { inTurn, median, option, ratioOf } from './lib/rounds.ts'

/**
 * A whole golden image into an empty file system in memory, digest-verified: us (registry, curl, openssl, zstd, tar, as the imager does
 * it), rsync's daemon (SystemImager's way), nginx with the same layer, and the bare untarring from memory, in turn. Both on
 * both cores, as a real machine uses all of its own, in a network namespace of their own; `--shaped` makes its loopback a link of 1 Gbit/s.
 *
 * The tree has 1.2 GB; `--small yes` takes one of 0.35 GB.
 *
 *   tools/with-node node bench/images.ts [--rounds 3] [--shaped yes] [--small yes]
 */
const rounds = Number(option('rounds') ?? 3)
const isShaped = option('shaped') !== undefined
const isSmall = option('small') !== undefined
const directory = mkdtempSync('/dev/shm/birnam-bench-images-')
const space = `birnam-bench-images-${process.pid}`
const inside = ['ip', 'netns', 'exec', space]

const goals: Readonly<Record<string, readonly [number, number]>> = {
  rsync: [0.6, 0.4],
  'rsync --zc=zstd': [Number.POSITIVE_INFINITY, 0.65],
  'untar from memory': [1.2, Number.POSITIVE_INFINITY],
}

const ports = { us: 6911, rsync: 6912, nginx: 6913 }

interface Run {
  readonly seconds: number
  /** Of the server. */
  readonly cpu: number
}

await using programs = new Programs()
try {
  await main()
} finally {
  execFileSync('ip', ['netns', 'delete', space])
  rmSync(directory, { recursive: true, force: true })
}

async function main(): Promise<void> {
  execFileSync('ip', ['netns', 'add', space])
  execFileSync('ip', ['-n', space, 'link', 'set', 'lo', 'up', 'mtu', isShaped ? '1500' : '65536'])
  if (isShaped)
    execFileSync('tc', ['-n', space, ...'qdisc add dev lo root tbf rate 1gbit burst 256k latency 20ms'.split(' ')])
  const tree = join(directory, 'tree')
  mkdirSync(tree)
  execFileSync('tar', ['-xf', await openDebian(isSmall ? 'plain' : 'large'), '-C', tree])
  const layer = await keep(tree)
  const unpack = extractWords('"$0"', [layer])
    .map((word) => (word.includes('*') ? `'${word}'` : word))
    .join(' ')
  const verified = (url: string): string => `${verifying(url)} | { ${unpack} && cat >/dev/null; }; wait; rm "$0.pipe"`
  const pids = await startServers(tree, layer.path)
  const untar = `zstd -qdcf ${layer.path} > ${directory}/plain.tar`
  execFileSync('sh', ['-c', untar])
  const subjects = [
    { name: 'us', run: () => fill(verified(`http://127.0.0.1:${ports.us}/v2/porter/blobs/${layer.digest}`), pids.us) },
    {
      name: 'rsync',
      run: () => fill(`rsync -aHAX --numeric-ids rsync://127.0.0.1:${ports.rsync}/tree/ "$0"/`, pids.rsync),
    },
    {
      name: 'rsync --zc=zstd',
      run: () =>
        fill(`rsync -aHAX --numeric-ids -z --zc=zstd rsync://127.0.0.1:${ports.rsync}/tree/ "$0"/`, pids.rsync),
    },
    {
      name: 'nginx',
      run: () => fill(verified(`http://127.0.0.1:${ports.nginx}/${layer.digest.slice(7)}`), pids.nginx),
    },
    {
      name: 'untar from memory',
      run: () => fill(`cat ${directory}/plain.tar | { ${unpack} && cat >/dev/null; }`, pids.nginx),
    },
  ]
  const runs = await inTurn(subjects, rounds)
  const size = statSync(layer.path).size
  console.log(
    `a tree of ${mebibytes(statSync(`${directory}/plain.tar`).size)}, a layer of ${mebibytes(size)}${isShaped ? ', on a link of 1 Gbit/s' : ''}`,
  )
  for (const [name, results] of runs) tell(name, results, runs, size)
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1048576)} MiB`
}

function tell(name: string, results: readonly Run[], runs: ReadonlyMap<string, readonly Run[]>, size: number): void {
  const ours = runs.get('us')!
  const ratio = ratioOf(secondsOf(ours), secondsOf(results))
  const goal = goals[name]?.[isShaped ? 1 : 0] ?? Number.POSITIVE_INFINITY
  const judged =
    name === 'us' || goal === Number.POSITIVE_INFINITY ? '' : ratio <= goal ? `ok (at most ${goal})` : `ABOVE ${goal}`
  const perGb = (median(results.map(({ cpu }) => cpu)) / size) * 1e9
  console.log(
    `  ${name.padEnd(18)} ${median(secondsOf(results)).toFixed(2)} s  server ${median(results.map(({ cpu }) => cpu)).toFixed(2)} s CPU (${perGb.toFixed(2)} for each GB of layer)  us ${ratio.toFixed(2)} x  ${judged}`,
  )
  if (name === 'us' && isShaped) {
    const wire = size / 125e6
    console.log(
      `  ${' '.repeat(18)} ${(median(secondsOf(ours)) / wire).toFixed(2)} x the layer's bytes over the link (goal 1.05)`,
    )
  }
}

function secondsOf(runs: readonly Run[]): number[] {
  return runs.map(({ seconds }) => seconds)
}

/** As templates/imager/_pull.sh.hbs does it. */
function verifying(url: string): string {
  return `mkfifo "$0.pipe"; openssl dgst -sha256 -r <"$0.pipe" >"$0.sum" & curl -sSf -H 'Authorization: Bearer any' ${url} | tee "$0.pipe" | zstd -q -dcf`
}

/** Runs the shell with an empty directory as `$0`. */
async function fill(shell: string, server: number): Promise<Run> {
  const target = join(directory, 'target')
  mkdirSync(target)
  const before = cpuOf(server)
  const began = performance.now()
  await programs.output('0-1', ['bash', '-c', `set -e -o pipefail; ${shell}`, target], inside)
  const seconds = (performance.now() - began) / 1000
  const cpu = cpuOf(server) - before
  rmSync(target, { recursive: true })
  return { seconds, cpu }
}

async function keep(tree: string): Promise<Descriptor & { readonly path: string }> {
  const store = openLayoutStore(join(directory, 'images'))
  await using source = openDirectory(tree)
  const { version } = await capture(store, source, { as: 'porter', cache: noCache, level: 3 })
  const [layer] = version!.manifest.layers
  return { ...layer!, path: (await store.blob(layer!.digest))!.path }
}

async function startServers(tree: string, layer: string): Promise<Record<'us' | 'rsync' | 'nginx', number>> {
  const us = programs.start(
    '0-1',
    [process.execPath, 'bench/images-server.ts', String(ports.us), join(directory, 'images')],
    inside,
  )
  await once(us.stdout!, 'data')
  // Without this the daemon waits for a name server that a namespace has not.
  writeFileSync(
    join(directory, 'rsyncd.conf'),
    `uid = 0\ngid = 0\nreverse lookup = no\n[tree]\npath = ${tree}\nuse chroot = no\n`,
  )
  const rsync = programs.start(
    '0-1',
    [
      'rsync',
      '--daemon',
      '--no-detach',
      `--port=${ports.rsync}`,
      `--config=${join(directory, 'rsyncd.conf')}`,
      '--address=127.0.0.1',
    ],
    inside,
  )
  const conf = `daemon off; worker_processes 1; master_process off; pid ${directory}/nginx.pid; error_log /dev/null; events {} http { access_log off; sendfile on; server { listen 127.0.0.1:${ports.nginx}; root ${layer.replace(/\/[^/]*$/, '')}; } }`
  writeFileSync(join(directory, 'nginx.conf'), conf)
  const nginx = programs.start('0-1', ['nginx', '-c', join(directory, 'nginx.conf'), '-e', '/dev/null'], inside)
  await new Promise((resolve) => setTimeout(resolve, 1000))
  return { us: us.pid!, rsync: rsync.pid!, nginx: nginx.pid! }
}
