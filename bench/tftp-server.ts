import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '../src/net/content.ts'
import { chooseUdp } from '../src/net/udp-choose.ts'
import { openTftp } from '../src/tftp/server.ts'

/** The TFTP carrier over a directory, and a menu rendered for whoever asks for one: `tftp-server.ts ADDRESS PORT DIRECTORY`. */
const [address = '127.0.0.1', port = '0', root = '.'] = process.argv.slice(2)
const known = new Map<string, Finding>()

const server = await openTftp({
  udp: await chooseUdp(),
  address,
  port: Number(port),
  source: { find: (name, peer) => (name === 'menu' ? menu(peer.port) : find(name)) },
})
console.log(`listening on ${server.port}`)

function find(name: string): Finding {
  if (known.has(name)) return known.get(name)
  const path = join(root, name)
  const stat = statSync(path, { throwIfNoEntry: false })
  const finding: Finding = stat && { kind: 'file', path, size: stat.size, mtimeMs: stat.mtimeMs, ino: stat.ino }
  known.set(name, finding)
  return finding
}

/** About 2 KiB, every time made anew. */
function menu(machine: number): Finding {
  const label = `label m${machine}\n kernel vmlinuz\n append initrd=initrd.gz machine=${machine}\n`
  return { kind: 'bytes', bytes: Buffer.from(label.repeat(40).slice(0, 2048).padEnd(2048, '#')) }
}
