import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { run } from '../lab/child.ts'
import { openDebian } from '../lab/debian.ts'
import type { Machine } from '../lab/machine.ts'
import { duncan } from '../lab/site.ts'
import type { Stage } from './stage.ts'

/** What lets a test log in on machines that are installed: files of the site, and the key to them. */
export async function openKey(): Promise<{ readonly files: Readonly<Record<string, string>>; readonly key: string }> {
  const script =
    'd=$(mktemp -d); ssh-keygen -q -t ed25519 -N "" -f "$d/key"; cat "$d/key.pub"; echo; cat "$d/key"; rm -r "$d"'
  const [open = '', key = ''] = (await run(['sh', '-c', script])).split('\n\n')
  return { files: { 'overrides/all/root/.ssh/authorized_keys': `${open}\n` }, key }
}

/** A shell on the installed machine, over ssh. */
export interface Login {
  run(line: string): Promise<string>
}

export async function openLogin({ site, lan }: Stage, key: string): Promise<Login> {
  const identity = join(site.directory, '..', 'key')
  await writeFile(identity, key, { mode: 0o600 })
  const options = ['UserKnownHostsFile=/dev/null', 'StrictHostKeyChecking=no', 'LogLevel=ERROR', 'ConnectTimeout=60']
  const words = ['ssh', '-i', identity, ...options.flatMap((one) => ['-o', one]), `root@${duncan.ip}`]
  return { run: (line) => run(lan.server.enter([...words, line])) }
}

/** One more kernel, a file more and a program less: what the next version has. */
export const brought = `
  kernel=$(ls boot/vmlinuz-*); cp -p "$kernel" "$kernel.1"; cp -p "boot/initrd.img-\${kernel#*-}" "boot/initrd.img-\${kernel#*-}.1"
  echo brought forward >etc/forward; rm usr/bin/lsipc`

/** Captures the same Debian with that. */
export async function captureNext({ site, server }: Stage): Promise<void> {
  const tree = join(site.directory, '..', 'tree')
  await mkdir(tree)
  await run(['tar', '-xf', await openDebian(), '-C', tree, '--xattrs', '--xattrs-include=*'])
  await run(['sh', '-euc', `cd "$0"${brought}`, tree])
  await server.command('image', 'capture', tree, '--as', 'porter')
}

/** A machine that has porter:1 is brought to the next version, which is captured already, back, forward again, and boots with the new kernel. */
export async function isBroughtForward(stage: Stage, machine: Machine, login: Login): Promise<void> {
  const { command }: { command: string } = JSON.parse(await stage.server.command('update', 'duncan', '--json'))
  const look = 'cat /etc/forward /var/lib/birnam/installed 2>&1; ls /boot /usr/bin/lsipc 2>&1; hostname'
  const back = 'sh /var/lib/birnam/rollback.sh'
  // One login for all: each takes its time in an emulated machine.
  const lines = [`${command} --dry-run`, command, look, back, look, command, 'systemctl reboot --no-block']
  const [dry, forward, after, undone, before, again] = (await login.run(lines.join('; echo -----; '))).split('-----\n')
  expect(dry).toMatch(/^remove \/usr\/bin\/lsipc\n/m)
  expect(forward).toContain('duncan is porter:2 now')
  expect(after).toMatch(/^brought forward\nimage=porter:2\n[^]*vmlinuz-\S+\.1\nduncan\n$/)
  expect(undone).toContain('put back: porter:1')
  expect(before).toMatch(/^cat: \S+ No such file[^]*image=porter:1\n[^]*\/usr\/bin\/lsipc/)
  expect(again).toContain('duncan is porter:2 now')
  await machine.sees(/duncan login:/, 400)
  await stage.server.says(/update\.booted/, 120)
  expect(await login.run('cat /proc/cmdline; ls /var/lib/birnam')).toMatch(
    /vmlinuz-\S+\.1 [^]*\nimage-key\.pub\ninstalled\n$/,
  )
}
