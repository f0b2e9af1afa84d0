import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openKey } from '../test/e2e/living.ts'
import { run } from '../test/lab/child.ts'
import { openLan, type Lan } from '../test/lab/network.ts'
import { openPorter, type Porter } from '../test/lab/porter.ts'
import { inTurn, median, option, ratioOf, type Subject } from './lib/rounds.ts'

/**
 * A running Debian is captured over ssh: by `birnam image capture`, and by `rsync -aHAX`, in turn, both into memory. First from nothing,
 * then again after a small change.
 *
 * The tree has 1.2 GB; `--small yes` takes one of 0.35 GB.
 *
 *   tools/with-node node bench/capture.ts [--rounds 3] [--small yes]
 */
const rounds = Number(option('rounds') ?? 3)
const isSmall = option('small') !== undefined
const directory = mkdtempSync('/dev/shm/birnam-bench-capture-')
const at = (name: string): string => join(directory, name)
const birnam = join(import.meta.dirname, '../tools/birnam')
const notCopied = ['/proc', '/dev', '/sys', '/run', '/tmp', '/var/log', '/var/cache', '/etc/ssh/ssh_host_*']

try {
  await main()
} finally {
  rmSync(directory, { recursive: true, force: true })
}

async function main(): Promise<void> {
  mkdirSync(at('site'))
  writeFileSync(at('site/birnam.yaml'), '')
  await using lan = await openLan()
  const { key } = await openKey()
  const porter = await openPorter(lan, directory, key, isSmall ? 'plain' : 'large')
  // rsync has to be there as well; tar and find are.
  await run(['sh', '-euc', `cp -n --parents /usr/bin/rsync $(ldd /usr/bin/rsync | grep -o '/[^ ]*') "$0"`, porter.root])
  tell('first', 0.8, await inTurn(subjects(lan, porter, 'first'), rounds))
  tell('again after a small change', 1, await inTurn(subjects(lan, porter, 'again'), rounds))
}

function subjects(lan: Lan, porter: Porter, which: 'first' | 'again'): Subject<number>[] {
  const ssh = ['ssh', '-i', porter.identity, ...porter.options.flatMap((one) => ['-o', one])].join(' ')
  const ours = [birnam, 'image', 'capture', porter.address, '--as', 'porter', '--identity', porter.identity]
  const words = [...ours, ...porter.options.flatMap((one) => ['--ssh-option', one]), '--data', at('data')]
  const theirs = [
    'rsync',
    '-aHAX',
    '--numeric-ids',
    '--delete',
    '-e',
    ssh,
    ...notCopied.map((path) => `--exclude=${path}`),
  ]
  const timed = async (command: readonly string[], kept: string): Promise<number> => {
    if (which === 'first') rmSync(at(kept), { recursive: true, force: true })
    else
      await porter.change(
        'date +%N >>/etc/motd; head -c 1000000 /dev/urandom >/opt/new; rm -f /usr/share/zoneinfo/Zulu',
      )
    const began = performance.now()
    await lan.server.run(command, { env: { BIRNAM_SITE: at('site') } })
    return (performance.now() - began) / 1000
  }
  return [
    { name: 'us', run: () => timed(words, 'data') },
    { name: 'rsync over ssh', run: () => timed([...theirs, `${porter.address}:/`, at('copy')], 'copy') },
  ]
}

function tell(what: string, goal: number, runs: ReadonlyMap<string, readonly number[]>): void {
  const ratio = ratioOf(runs.get('us')!, runs.get('rsync over ssh')!)
  console.log(what)
  for (const [name, seconds] of runs) console.log(`  ${name.padEnd(16)} ${median(seconds).toFixed(2)} s`)
  console.log(`  us ${ratio.toFixed(2)} x  ${ratio <= goal ? `ok (at most ${goal})` : `ABOVE ${goal}`}`)
}
