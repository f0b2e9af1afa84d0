import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './child.ts'
import { openDebian, type Kind } from './debian.ts'
import { LivingMachine } from './living.ts'
import type { Lan } from './network.ts'

const host = '10.77.0.90'

/** A Debian that runs in a namespace of its own, to be captured over ssh. */
export interface Porter {
  readonly root: string
  /** What ssh calls it. */
  readonly address: string
  /** The file with the key that opens it, and what spares a question. */
  readonly identity: string
  readonly options: readonly string[]
  /** Changes it: a script of shell, run by root on it. */
  change(script: string): Promise<void>
}

/** Starts the real Debian with its own sshd in a directory; the LAN ends it. `key` opens it. */
export async function openPorter(lan: Lan, directory: string, key: string, kind: Kind = 'plain'): Promise<Porter> {
  const at = (name: string): string => join(directory, name)
  await run(['mkdir', at('unpacked')])
  await run(['tar', '-xf', await openDebian(kind), '-C', at('unpacked'), '--xattrs', '--xattrs-include=*'])
  const net = await lan.client()
  await net.run(`ip address add ${host}/24 dev eth0`)
  const machine = await LivingMachine.install(at('unpacked'), at('porter'), net, '')
  await writeFile(at('porter-key'), key, { mode: 0o600 })
  const open = await run(['ssh-keygen', '-y', '-f', at('porter-key')])
  const script = `echo porter >/etc/hostname; umask 077; mkdir -p /root/.ssh /run/sshd; echo '${open.trim()}' >/root/.ssh/authorized_keys; exec /usr/sbin/sshd -D -e -o UsePAM=no`
  const sshd = lan.keep(machine.start(script))
  await sshd.sees(/Server listening on \S+ port 22/)
  return {
    root: machine.root,
    address: `root@${host}`,
    identity: at('porter-key'),
    options: ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'],
    change: async (line) => {
      const { code, text } = await machine.run(line)
      if (code !== 0) throw new Error(`the porter could not be changed: ${text}`)
    },
  }
}
