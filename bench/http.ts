import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * HTTP: us and nginx (one worker, sendfile, open_file_cache, no log) in turn; medians and the median of the ratios round by round.
 * Server on core 0, client on core 1.
 *
 *   tools/with-node node bench/http.ts [--rounds 5] [--only 64]
 */
const rounds = Number(option('--rounds') ?? 5)
const only = option('--only') ?? ''

const rows: readonly Row[] = [
  {
    title: '64 MiB file, 1 client',
    path: { us: '/64m', nginx: '/64m' },
    connections: 1,
    requests: 32,
    mode: 'keep',
    goal: 0.8,
  },
  {
    title: '64 MiB file, 8 clients',
    path: { us: '/64m', nginx: '/64m' },
    connections: 8,
    requests: 64,
    mode: 'keep',
    goal: 0.8,
  },
  {
    title: '1 GiB file, 1 client',
    path: { us: '/1g', nginx: '/1g' },
    connections: 1,
    requests: 3,
    mode: 'keep',
    goal: 0.8,
  },
  {
    title: '1 GiB file, 8 clients',
    path: { us: '/1g', nginx: '/1g' },
    connections: 8,
    requests: 8,
    mode: 'keep',
    goal: 0.8,
  },
  {
    title: 'kickstart rendered, 64 clients',
    path: { us: '/kickstart', nginx: '/2k' },
    connections: 64,
    requests: 20_000,
    mode: 'keep',
    goal: 0.2,
  },
  {
    title: 'the same, new connections',
    path: { us: '/kickstart', nginx: '/2k' },
    connections: 64,
    requests: 6000,
    mode: 'new',
    goal: 0.4,
  },
  {
    title: '2 KiB file, 64 clients',
    path: { us: '/2k', nginx: '/2k' },
    connections: 64,
    requests: 20_000,
    mode: 'keep',
  },
  {
    title: 'the same, new connections',
    path: { us: '/2k', nginx: '/2k' },
    connections: 64,
    requests: 6000,
    mode: 'new',
  },
]

interface Row {
  readonly title: string
  readonly path: { readonly us: string; readonly nginx: string }
  readonly connections: number
  readonly requests: number
  readonly mode: 'keep' | 'new'
  readonly goal?: number
}

interface Run {
  /** MB/s for files, requests/s for small answers. */
  readonly rate: number
  readonly p99: number
  /** Share of its core that the client used: near 1, the client was the limit. */
  readonly busy: number
  /** Server CPU: seconds per GB, or microseconds per request. */
  readonly cpu: number
}

const root = mkdtempSync(join(tmpdir(), 'birnam-bench-http-'))
const servers: ChildProcess[] = []
try {
  makeFiles(root)
  const us = await startUs(root, 18_080)
  const nginx = await startNginx(root, 18_081)
  for (const row of rows.filter(({ title, path }) => title.includes(only) || path.us.includes(only)))
    await compare(row, us, nginx)
} finally {
  for (const server of servers.filter(({ exitCode }) => exitCode === null)) {
    server.kill('SIGTERM')
    await once(server, 'exit')
  }
  rmSync(root, { recursive: true })
}

async function compare(row: Row, us: Place, nginx: Place): Promise<void> {
  const ours: Run[] = []
  const theirs: Run[] = []
  // One round that is not counted fills caches and compiles.
  for (let round = 0; round <= rounds; round++) {
    const [mine, other] = [await load(row, row.path.us, us), await load(row, row.path.nginx, nginx)]
    if (round === 0) continue
    ours.push(mine)
    theirs.push(other)
  }
  const ratio = median(ours.map(({ rate }, n) => rate / theirs[n]!.rate))
  const verdict = row.goal === undefined ? '' : ratio >= row.goal ? `ok (goal ${row.goal})` : `BELOW ${row.goal}`
  console.log(
    `${row.title.padEnd(32)} us ${tell(row, ours)}  nginx ${tell(row, theirs)}  ratio ${ratio.toFixed(2)} ${verdict}`,
  )
}

function tell(row: Row, runs: readonly Run[]): string {
  const of = (pick: (run: Run) => number): number => median(runs.map(pick))
  const [rate, cpu] = isSmall(row) ? ['/s', 'us/request'] : ['MB/s', 's/GB']
  const digits = isSmall(row) ? 0 : 2
  return `${of((run) => run.rate)
    .toFixed(0)
    .padStart(
      6,
    )} ${rate} (cpu ${of((run) => run.cpu).toFixed(digits)} ${cpu}, p99 ${of((run) => run.p99).toFixed(1)} ms, client ${of((run) => run.busy).toFixed(2)})`
}

interface Place {
  readonly port: number
  readonly pid: number
}

async function load(row: Row, path: string, place: Place): Promise<Run> {
  const before = cpuOf(place.pid)
  const script = join(import.meta.dirname, 'http-load.ts')
  const args = [script, place.port, path, row.connections, row.requests, row.mode].map(String)
  const client = spawn('taskset', ['-c', '1', process.execPath, '--disable-warning=ExperimentalWarning', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  client.stdout.on('data', (piece: Buffer) => (text += piece.toString()))
  const [code] = await once(client, 'close')
  if (code !== 0) throw new Error(`the client failed at ${row.title}`)
  const { seconds, bytes, requests, p99, busy } = JSON.parse(text)
  const cpu = cpuOf(place.pid) - before
  const [rate, spent] = isSmall(row)
    ? [requests / seconds, (cpu * 1e6) / requests]
    : [bytes / 1e6 / seconds, (cpu * 1e9) / bytes]
  return { rate, p99, busy, cpu: spent }
}

function isSmall({ requests }: Row): boolean {
  return requests > 1000
}

async function startUs(directory: string, port: number): Promise<Place> {
  const script = join(import.meta.dirname, 'http-server.ts')
  const child = start('taskset', ['-c', '0', process.execPath, script, String(port), directory])
  await once(child.stdout!, 'data')
  return { port, pid: child.pid! }
}

async function startNginx(directory: string, port: number): Promise<Place> {
  const config = join(directory, 'nginx.conf')
  writeFileSync(
    config,
    `daemon off; master_process off; worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/error.log; user root;
     events { worker_connections 2048; }
     http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=100;
       client_body_temp_path ${directory}; proxy_temp_path ${directory}; fastcgi_temp_path ${directory}; uwsgi_temp_path ${directory};
       scgi_temp_path ${directory}; server { listen 127.0.0.1:${port} backlog=1024; root ${directory}; } }`,
  )
  const child = start('taskset', ['-c', '0', 'nginx', '-c', config, '-p', directory])
  while (!(await fetch(`http://127.0.0.1:${port}/2k`).catch(() => undefined))?.ok)
    await new Promise((resolve) => setTimeout(resolve, 50))
  return { port, pid: child.pid! }
}

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  servers.push(child)
  return child
}

/** User and system seconds so far, of all threads (proc(5), fields 14 and 15; 100 ticks a second). */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function makeFiles(directory: string): void {
  const piece = randomBytes(1 << 20)
  for (const [name, size] of [
    ['64m', 64],
    ['1g', 1024],
  ] as const) {
    const file = openSync(join(directory, name), 'w')
    ftruncateSync(file, 0)
    for (let n = 0; n < size; n++) writeSync(file, piece)
    closeSync(file)
  }
  writeFileSync(join(directory, '2k'), randomBytes(2048))
  writeFileSync(join(directory, 'kickstart.hbs'), kickstart())
}

/** 200 lines, as installers get them: 100 of text with a value in each, 100 packages. */
function kickstart(): string {
  const lines = Array.from(
    { length: 100 },
    (_, n) => `# line ${n}\nnetwork --hostname={{machine.name}} --ip={{machine.ip}} --device={{machine.mac}}`,
  )
  return `${lines.slice(0, 50).join('\n')}\n{{#each packages}}\n{{this}}\n{{/each}}\n%end\n`
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}
