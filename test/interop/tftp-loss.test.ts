import { execFile, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { noNamespaces } from '../dhcp/lan.ts'
import { clients } from './tftp-served.ts'

const run = promisify(execFile)
const lossy = noNamespaces ?? noNft()
const skipped = lossy === undefined ? '' : ` (skipped: ${lossy})`

let count = 0

/**
 * A network of its own where every hundredth or twentieth datagram is lost on arrival. At the output hook the sender would be told
 * (EPERM), which no real network does.
 */
class LossyNetwork implements AsyncDisposable {
  readonly name: string = `birnam-tftp-${process.pid}-${count++}`
  readonly directory: string = mkdtempSync(join(tmpdir(), 'birnam-tftp-loss-'))
  readonly port: Promise<number>
  readonly #server

  /** `except`: what is never lost, as nft matches it. */
  constructor(percent: number, kind: string, file: Buffer, except: string) {
    writeFileSync(join(this.directory, 'file'), file)
    execFileSync('ip', ['netns', 'add', this.name])
    execFileSync('ip', ['-n', this.name, 'link', 'set', 'lo', 'up'])
    const rule = `meta l4proto udp ${except} numgen random mod 100 < ${percent} drop`
    const chain = 'add chain inet loss in { type filter hook input priority 0; }'
    execFileSync('ip', [...this.inside, 'nft', `add table inet loss; ${chain}; add rule inet loss in ${rule}`])
    const script = join(import.meta.dirname, 'tftp-serve.ts')
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', script, this.directory, kind]
    this.#server = spawn('ip', [...this.inside, ...node], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.port = once(this.#server.stdout, 'data').then(([text]) => Number(String(text)))
  }

  get inside(): readonly string[] {
    return ['netns', 'exec', this.name]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#server, 'exit')
    this.#server.kill('SIGKILL')
    await ended
    execFileSync('ip', ['netns', 'del', this.name])
    rmSync(this.directory, { recursive: true })
  }
}

describe.skipIf(lossy !== undefined)(`where datagrams are lost${skipped}`, () => {
  for (const percent of [1, 5]) {
    for (const client of clients) {
      const title = `${client.name}${client.installed ? '' : ' (skipped: not installed)'}`
      test.skipIf(!client.installed)(`${percent} % loss: ${title} has 300 KB right`, async () => {
        await fetchThrough(percent, 'ffi', client.name, {})
      })
    }

    test.skipIf(!clients[0]!.installed).each(['ffi', 'dgram'])(
      `${percent} % loss: windows of 16 blocks are right, over %s`,
      async (kind) => fetchThrough(percent, kind, 'atftp', { windowsize: 16 }),
    )
  }
})

// atftp gives up when it sees its OACK a second time, which is what it gets when its ACK of block 0 is lost.
const acknowledgedOack = '@th,64,32 != 0x00040000'

async function fetchThrough(percent: number, kind: string, name: string, options: object): Promise<void> {
  const file = randomBytes(300_000)
  await using network = new LossyNetwork(percent, kind, file, name === 'atftp' ? acknowledgedOack : '')
  const client = clients.find((one) => one.name === name)!
  const out = join(network.directory, 'out')
  const port = await network.port
  await run('ip', [...network.inside, ...client.command({ port, name: 'file', out, blksize: 1468, ...options })])
  expect(readFileSync(out).equals(file)).toBe(true)
}

function noNft(): string | undefined {
  try {
    execFileSync('nft', ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'nft is not installed'
  }
}
