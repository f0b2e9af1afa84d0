import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cpuOf, Programs } from './lib/programs.ts'
import { inTurn, median, option, ratioOf } from './lib/rounds.ts'
import type { Load, Result } from './tftp-load.ts'

/**
 * TFTP: us, tftpd-hpa, atftpd and dnsmasq in turn; medians, and the median of the ratios round by round. Servers on core 0, clients on
 * core 1, in a network namespace of their own. Every block that arrives is compared with the file.
 *
 *   tools/with-node node bench/tftp.ts [--rounds 5] [--only misses] [--us dgram]
 */
const rounds = Number(option('rounds') ?? 3)
const only = option('only') ?? ''
const mebibyte = 1 << 20

interface Row {
  readonly title: string
  readonly load: Pick<Load, 'name' | 'windowsize' | 'transfers' | 'atOnce'> & Partial<Load>
  /** What we ask for instead, when it is not the same file. */
  readonly ours?: Partial<Load>
  readonly goals: Readonly<Record<string, number>>
  readonly loss?: number
}

const one = { name: '64m', atOnce: 1, transfers: 1, blksize: 1468 }
const hundred = { name: '1m', atOnce: 100, transfers: 200, blksize: 1408 }
const lossy = { name: '300k', windowsize: 1, atOnce: 4, transfers: 40, patience: 1000, blksize: 1468 }

const rows: readonly Row[] = [
  { title: 'one client, window 64', load: { ...one, windowsize: 64, transfers: 4 }, goals: { hpa: 20, atftpd: 5 } },
  { title: 'one client, window 16', load: { ...one, windowsize: 16, transfers: 2 }, goals: { hpa: 8 } },
  { title: 'one client, window 4', load: { ...one, windowsize: 4 }, goals: { hpa: 3 } },
  { title: 'one client, window 1', load: { ...one, name: '16m', windowsize: 1 }, goals: { hpa: 0.9 } },
  { title: '100 clients, window 16', load: { ...hundred, windowsize: 16 }, goals: { dnsmasq: 2.8 } },
  { title: '100 clients, window 1', load: { ...hundred, windowsize: 1 }, goals: { dnsmasq: 0.9 } },
  {
    title: 'misses, 100 at once',
    load: { name: 'pxelinux.cfg/01-52-54-00-77-00-01', windowsize: 1, transfers: 10_000, atOnce: 100 },
    goals: { dnsmasq: 1.2 },
  },
  {
    title: 'menus of 2 KiB, 200 at once',
    load: { name: '2k', windowsize: 1, transfers: 6000, atOnce: 200 },
    ours: { name: 'menu', size: 2048 },
    goals: { dnsmasq: 1.2 },
  },
  { title: '300 KB at 1 % loss', load: lossy, goals: {}, loss: 1 },
  { title: '300 KB at 5 % loss', load: lossy, goals: {}, loss: 5 },
]

const directory = mkdtempSync(join(tmpdir(), 'birnam-bench-tftp-'))
const space = `birnam-bench-${process.pid}`
const inside = ['ip', 'netns', 'exec', space]
interface Place {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly pid: number
}

execFileSync('ip', ['netns', 'add', space])
const programs = new Programs()
try {
  for (const address of ['127.0.0.1/8', '127.0.0.2/8'])
    execFileSync('ip', ['-n', space, 'address', 'add', address, 'dev', 'lo'])
  execFileSync('ip', ['-n', space, 'link', 'set', 'lo', 'up'])
  makeFiles()
  for (const core of [0, 1]) programs.stayAwake(core)
  const places = await startAll()
  for (const row of rows.filter(({ title }) => title.includes(only))) await compare(row, places)
} finally {
  await programs[Symbol.asyncDispose]()
  execFileSync('ip', ['netns', 'del', space])
  rmSync(directory, { recursive: true })
}

interface Run extends Result {
  /** MB/s where bytes count, else answers a second. */
  readonly rate: number
  readonly cpu: number
}

async function compare(row: Row, places: readonly Place[]): Promise<void> {
  lose(row.loss ?? 0)
  // Where loss decides, every round takes minutes with a peer that waits long.
  const runs = await inTurn(
    places.map((place) => ({ name: place.name, run: () => measure(row, place) })),
    row.loss === undefined ? rounds : 1,
  )
  lose(0)
  const ours = runs.get('us')!
  console.log(`\n${row.title}`)
  for (const [name, theirs] of runs) {
    const of = (pick: (run: Run) => number): number => median(theirs.map(pick))
    const ratio = ratioOf(
      ours.map(({ rate }) => rate),
      theirs.map(({ rate }) => rate),
    )
    const goal = row.goals[name]
    console.log(
      [
        `  ${name.padEnd(8)}`,
        `${of(({ rate }) => rate).toFixed(1)} ${isSmall(row) ? '/s' : 'MB/s'}`.padStart(14),
        `p50 ${of(({ p50 }) => p50).toFixed(1)} p95 ${of(({ p95 }) => p95).toFixed(1)} ms`,
        `window ${of(({ windowsize }) => windowsize)}`,
        `cpu ${of(({ cpu }) => cpu).toFixed(2)} s`,
        `client ${of(({ busy }) => busy).toFixed(2)}`,
        `failed ${of(({ failed }) => failed)} repeated ${of(({ repeated }) => repeated)}`,
        name === 'us' ? '' : `us ${ratio.toFixed(2)} x`,
        goal === undefined ? '' : ratio >= goal ? `ok (at least ${goal})` : `BELOW ${goal}`,
      ].join('  '),
    )
  }
}

async function measure(row: Row, { name, address, port, pid }: Place): Promise<Run> {
  const asked = { ...row.load, ...(name === 'us' && row.ours) }
  const isMiss = asked.name.includes('/')
  const load: Load = {
    blksize: 1408,
    patience: 1000,
    address,
    port,
    ...asked,
    ...(!isMiss && asked.size === undefined && { file: join(directory, asked.name) }),
  }
  const before = cpuOf(pid)
  const script = join(import.meta.dirname, 'tftp-load.ts')
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', script, JSON.stringify(load)]
  const result = JSON.parse(await programs.output(1, node, inside)) as Result
  const cpu = cpuOf(pid) - before
  const rate = isSmall(row) ? result.done / result.seconds : result.bytes / 1e6 / result.seconds
  return { ...result, rate, cpu }
}

function isSmall({ load }: Row): boolean {
  return load.transfers > 1000
}

async function startAll(): Promise<readonly Place[]> {
  if (option('us')) process.env['BIRNAM_UDP'] = option('us')
  const script = join(import.meta.dirname, 'tftp-server.ts')
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', script]
  const us = programs.start(0, [...node, '127.0.0.1', '6901', directory], inside)
  await once(us.stdout!, 'data')
  const hpa = ['in.tftpd', '-L', '-a', '127.0.0.1:6902', '-s', directory, '-u', 'root', '-B', '65464']
  const masq = [
    'dnsmasq',
    '-k',
    '-C',
    '/dev/null',
    '--port=0',
    '--enable-tftp',
    `--tftp-root=${directory}`,
    '--user=root',
  ]
  masq.push('--tftp-max=2000', '--listen-address=127.0.0.2', '--bind-interfaces')
  const peers: Place[] = [
    { name: 'us', address: '127.0.0.1', port: 6901, pid: us.pid! },
    { name: 'hpa', address: '127.0.0.1', port: 6902, pid: programs.start(0, hpa, inside).pid! },
    { name: 'dnsmasq', address: '127.0.0.2', port: 69, pid: programs.start(0, masq, inside).pid! },
  ]
  const atftpd = fetchAtftpd()
  if (atftpd) {
    const args = [
      '--daemon',
      '--no-fork',
      '--no-multicast',
      '--maxthread',
      '2000',
      '--port',
      '6903',
      '--user',
      'root.root',
    ]
    const { pid } = programs.start(0, [atftpd, ...args, directory], inside)
    peers.push({ name: 'atftpd', address: '127.0.0.1', port: 6903, pid: pid! })
  }
  await new Promise((resolve) => setTimeout(resolve, 1000))
  return peers
}

/** Debian does not let it be installed beside tftpd-hpa. */
function fetchAtftpd(): string | undefined {
  const into = join(directory, 'atftpd')
  try {
    execFileSync('apt-get', ['download', 'atftpd'], { cwd: directory, stdio: 'ignore' })
    execFileSync('dpkg', ['-x', globSync(join(directory, 'atftpd_*.deb'))[0]!, into])
    return join(into, 'usr/sbin/atftpd')
  } catch {
    console.log('atftpd cannot be had: apt-get download atftpd failed')
    return undefined
  }
}

/** Drops that many percent of the datagrams in each direction, where they arrive. */
function lose(percent: number): void {
  const nft = (script: string): void => void execFileSync('ip', ['netns', 'exec', space, 'nft', script])
  nft('add table inet loss; delete table inet loss')
  if (percent === 0) return
  const drop = `meta l4proto udp numgen random mod 100 < ${percent} drop`
  nft(
    `add table inet loss; add chain inet loss in { type filter hook input priority 0; }; add rule inet loss in ${drop}`,
  )
}

function makeFiles(): void {
  const piece = randomBytes(mebibyte)
  const files = { '64m': 64, '16m': 16, '1m': 1 }
  for (const [name, size] of Object.entries(files))
    writeFileSync(join(directory, name), Buffer.concat(Array.from({ length: size }, () => piece)))
  writeFileSync(join(directory, '300k'), piece.subarray(0, 300_000))
  writeFileSync(join(directory, '2k'), piece.subarray(0, 2048))
}
