import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Namespace } from '../lab/network.ts'
import type { LabSite } from '../lab/site.ts'

const script = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add "$ip/$mask" dev "$interface"
env
`

/** What a BIOS PXE ROM says of itself, in udhcpc's words: options 60 and 93. */
export const asRom = ['-V', 'PXEClient:Arch:00000:UNDI:002001', '-x', '0x5d:0000'] as const

/** One lease by busybox's client, the address put on the NIC; what the client was told, by udhcpc's own names. */
export async function udhcpc(
  client: Namespace,
  site: LabSite,
  ...more: readonly string[]
): Promise<Readonly<Record<string, string>>> {
  const path = `udhcpc-${client.pid}`
  await site.write(join('..', path), script)
  const words = ['-i', 'eth0', '-f', '-q', '-n', '-t', '10', '-T', '1', '-s', `./${path}`, ...more]
  const place = join(site.directory, '..')
  await client.run(['chmod', '+x', path], { cwd: place })
  return pairs((await client.run(['busybox', 'udhcpc', ...words], { cwd: place })).split('\n'))
}

/** A file by busybox's TFTP client, which sends no options and takes blocks of 512 bytes, as pypxeboot's does. */
export async function tftpGet(client: Namespace, site: LabSite, name: string, server: string): Promise<Buffer> {
  const local = join(site.directory, '..', `fetched-${client.pid}`)
  await client.run(['busybox', 'tftp', '-g', '-l', local, '-r', name, server])
  return readFile(local)
}

export interface PypxebootEntry {
  readonly kernel: string
  readonly append: Readonly<Record<string, string>>
}

/** pypxeboot 0.0.3's reader in short: DEFAULT is a LABEL to the letter, and APPEND is key=value words with one `=` each. */
export function readLikePypxeboot(menu: string): PypxebootEntry {
  const chosen = /^\s*DEFAULT (.*)$/m.exec(menu)?.[1]
  const entry = menu.split(/^\s*LABEL /m).find((part) => part.split('\n')[0] === chosen)
  const kernel = /^\s*KERNEL (.*)$/m.exec(entry ?? '')?.[1]
  const words = /^\s*APPEND (.*)$/m.exec(entry ?? '')?.[1]?.split(' ')
  if (kernel === undefined || words === undefined) throw new Error(`pypxeboot cannot read this menu:\n${menu}`)
  const odd = words.filter((word) => word.split('=').length !== 2)
  if (odd.length > 0) throw new Error(`pypxeboot cannot read these words: ${odd.join(' ')}`)
  return { kernel, append: pairs(words) }
}

function pairs(words: readonly string[]): Record<string, string> {
  const found = words.map((word) => /^([^=]+)=(.*)$/.exec(word)).filter((match) => match !== null)
  return Object.fromEntries(found.map(([, name, value]) => [name!, value!]))
}
