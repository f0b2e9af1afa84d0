import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Finding, Transfer } from '../../src/net/content.ts'
import type { Udp } from '../../src/net/udp.ts'
import { openTftp, type TftpServer } from '../../src/tftp/server.ts'

const run = promisify(execFile)

/** A directory served by TFTP on a free port of loopback, and a folder for what clients bring home. */
export class TftpServed implements AsyncDisposable {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'birnam-tftp-'))
  readonly transfers: Transfer[] = []
  server!: TftpServer

  static async open(udp: Udp, files: Readonly<Record<string, Buffer>>): Promise<TftpServed> {
    const served = new TftpServed()
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(served.directory, name), bytes)
    served.server = await openTftp({
      udp,
      address: '127.0.0.1',
      port: 0,
      source: { find: (name) => fileIn(served.directory, name) },
      onEnd: (transfer) => void served.transfers.push(transfer),
    })
    return served
  }

  /** Where a client puts what it gets. */
  get out(): string {
    return join(this.directory, 'brought-home')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close()
    rmSync(this.directory, { recursive: true })
  }
}

export function fileIn(directory: string, name: string): Finding {
  const path = join(directory, name.replace(/^\/+/, ''))
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isFile() ? { kind: 'file', path, size: found.size, mtimeMs: found.mtimeMs, ino: found.ino } : undefined
}

/** What to ask for: a file, and how. */
export interface Wish {
  readonly port: number
  readonly name: string
  readonly out: string
  readonly blksize?: number
  readonly windowsize?: number
}

export interface Client {
  readonly name: string
  readonly installed: boolean
  command(wish: Wish): readonly [string, ...string[]]
}

const here = '127.0.0.1'

/** TFTP clients that people use, as their command lines. */
export const clients: readonly Client[] = [
  {
    name: 'atftp',
    installed: await has('atftp', '--version'),
    command: ({ port, name, out, blksize, windowsize }) => {
      const options = [blksize && `blksize ${blksize}`, windowsize && `windowsize ${windowsize}`].filter(Boolean)
      const words = options.flatMap((option) => ['--option', String(option)])
      return ['atftp', ...words, '-g', '-r', name, '-l', out, here, String(port)]
    },
  },
  {
    name: 'tftp-hpa',
    installed: await has('tftp', '-V'),
    command: ({ port, name, out }) => ['tftp', '-m', 'binary', here, String(port), '-c', 'get', name, out],
  },
  {
    name: 'busybox tftp',
    installed: await has('busybox', 'tftp', '--help'),
    command: ({ port, name, out, blksize = 512 }) => [
      'busybox',
      'tftp',
      '-g',
      '-b',
      String(blksize),
      '-r',
      name,
      '-l',
      out,
      here,
      String(port),
    ],
  },
  {
    name: 'curl',
    installed: await has('curl', '--version'),
    command: ({ port, name, out, blksize }) => {
      const options = blksize ? ['--tftp-blksize', String(blksize)] : ['--tftp-no-options']
      return ['curl', '-sS', ...options, '-o', out, `tftp://${here}:${port}/${name}`]
    },
  },
]

async function has(program: string, ...args: string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  )
}
