import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDebian } from '../test/lab/debian.ts'
import { LivingMachine } from '../test/lab/living.ts'
import { openLan } from '../test/lab/network.ts'
import { serve } from '../test/lab/server.ts'
import { duncan, openSite } from '../test/lab/site.ts'
import { inTurn, median, option, ratioOf } from './lib/rounds.ts'

/**
 * A running Debian is brought to its next version, which has a tenth of its bytes anew: by `birnam update`'s line (verified, with its way
 * back), and by `rsync -aHAX --delete` from a daemon, in turn, in memory.
 *
 *   tools/with-node node bench/update.ts [--rounds 3] [--copies 2]
 */
const rounds = Number(option('rounds') ?? 3)
/** Of /usr, beside it: with two the tree has 1.1 GB. */
const copies = Number(option('copies') ?? 2)
const goal = 0.25
const directory = mkdtempSync('/dev/shm/birnam-bench-update-')
const port = 6914

// Every seventh file of the copies, so about a tenth of all bytes and of all files, and a few files that go; nothing that the machine itself runs.
const change = `cd "$0"
find opt -type f -size +0 -print0 | sort -z | awk 'BEGIN { RS = "\\0"; ORS = "\\0" } NR % 7 == 0' |
  while IFS= read -r -d '' file; do size=$(stat -c %s "$file"); head -c "$size" /dev/urandom >"$file.new"; chmod --reference="$file" "$file.new"; mv "$file.new" "$file"; done
find opt/*/share/zoneinfo -type f | sort | awk 'NR % 20 == 1' | xargs rm -f`

try {
  await main()
} finally {
  rmSync(directory, { recursive: true, force: true })
}

async function main(): Promise<void> {
  const fleet = {
    machines: [{ ...duncan, profile: 'porter' }],
    profiles: [{ name: 'porter', kind: 'image', image: 'porter' }],
  }
  await using site = await openSite({ fleet })
  await using lan = await openLan()
  await using server = await serve(lan, site)
  const [before, after] = [join(directory, 'before'), join(directory, 'after')]
  mkdirSync(before)
  execFileSync('tar', ['-xf', await openDebian(), '-C', before])
  for (let copy = 1; copy <= copies; copy += 1)
    execFileSync('cp', ['-a', join(before, 'usr'), join(before, `opt/copy-${copy}`)])
  await server.command('image', 'capture', before, '--as', 'porter')
  execFileSync('cp', ['-a', before, after])
  execFileSync('bash', ['-euc', change, after])
  await server.command('image', 'capture', after, '--as', 'porter')
  const { digest }: { digest: string } = JSON.parse(await server.command('image', 'show', 'porter:1', '--json'))
  const net = await lan.client(duncan.mac)
  await net.run(`ip address add ${duncan.ip}/24 dev eth0`)
  const installed = `image=porter:1\ndigest=${digest}\nmachine=duncan\nrebuild=0\n`
  const { command }: { command: string } = JSON.parse(await server.command('update', 'duncan', '--json'))
  const conf = join(directory, 'rsyncd.conf')
  writeFileSync(conf, `uid = 0\ngid = 0\nreverse lookup = no\n[tree]\npath = ${after}\nuse chroot = no\n`)
  const daemon = ['rsync', '--daemon', '--no-detach', `--port=${port}`, `--config=${conf}`]
  await using _daemon = lan.server.start(daemon)
  const machine = (): Promise<LivingMachine> =>
    LivingMachine.install(before, join(directory, 'machine'), net, installed)
  const runs = await inTurn(
    [
      { name: 'us', run: async () => timed(await machine(), command) },
      {
        name: 'rsync --delete',
        run: async () =>
          timed(await machine(), undefined, `rsync -aHAX --numeric-ids --delete rsync://10.77.0.1:${port}/tree/ "$0"/`),
      },
    ],
    rounds,
  )
  const [ours, theirs] = [runs.get('us')!, runs.get('rsync --delete')!]
  const ratio = ratioOf(ours, theirs)
  for (const [name, seconds] of runs) console.log(`  ${name.padEnd(16)} ${median(seconds).toFixed(2)} s`)
  console.log(`  us ${ratio.toFixed(2)} x  ${ratio <= goal ? `ok (at most ${goal})` : `ABOVE ${goal}`}`)

  async function timed(target: LivingMachine, line: string | undefined, shell = ''): Promise<number> {
    const began = performance.now()
    if (line === undefined) await net.run(['sh', '-euc', shell, target.root])
    else {
      const { code, text } = await target.run(line)
      if (code !== 0) throw new Error(text)
    }
    const seconds = (performance.now() - began) / 1000
    rmSync(target.root, { recursive: true })
    return seconds
  }
}
