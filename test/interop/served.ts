import { execa } from 'execa'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const birnam = join(import.meta.dirname, '../../tools/birnam')

/** A site on loopback with a server that runs as its users run it: another process. */
export interface Served extends AsyncDisposable {
  readonly directory: string
  readonly http: number
  readonly tftp: number
  /** What the server printed so far, banner and log. */
  output(): string
  write(name: string, text: string): void
  start(): Promise<void>
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<{ readonly code: number | undefined; readonly milliseconds: number }>
  /** Runs a command against this site. */
  birnam(...args: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }>
  get(path: string): Promise<string>
  until(what: () => boolean | Promise<boolean>): Promise<void>
}

/** `more` goes to the end of birnam.yaml. */
export async function openServed(files: Readonly<Record<string, string>>, more = ''): Promise<Served> {
  const directory = mkdtempSync(join(tmpdir(), 'birnam-served-'))
  const [http, tftp] = [await freePort(), await freePort()]
  const env = { BIRNAM_SITE: join(directory, 'site'), BIRNAM_DATA: join(directory, 'data'), NO_COLOR: '1' }
  let child: ChildProcess | undefined
  let output = ''
  const served: Served = {
    directory,
    http,
    tftp,
    output: () => output,
    write(name, text) {
      mkdirSync(dirname(join(directory, 'site', name)), { recursive: true })
      writeFileSync(join(directory, 'site', name), text)
    },
    async start() {
      child = spawn(birnam, ['serve'], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
      for (const stream of [child.stdout!, child.stderr!])
        stream.on('data', (text: Buffer) => (output += text.toString()))
      await served.until(() => /Ready\./.test(output))
    },
    async stop(signal = 'SIGTERM') {
      const started = performance.now()
      const ended = child && once(child, 'exit')
      child?.kill(signal)
      const [code] = ((await ended) ?? []) as [number | undefined]
      child = undefined
      output = ''
      return { code, milliseconds: performance.now() - started }
    },
    async birnam(...args) {
      const { exitCode = -1, stdout, stderr } = await execa(birnam, args, { env, reject: false, stdin: 'ignore' })
      return { code: exitCode, out: stdout, err: stderr }
    },
    get: async (path) => (await fetch(`http://127.0.0.1:${http}${path}`)).text(),
    async until(what) {
      for (let left = 300; left > 0; left--) {
        if (await what()) return
        await wait(100)
      }
      throw new Error(`it did not come; the server said:\n${output}`)
    },
    async [Symbol.asyncDispose]() {
      if (child) await served.stop('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    },
  }
  served.write(
    'birnam.yaml',
    `address: 127.0.0.1\nhttp: { port: ${http}, address: 127.0.0.1 }\ntftp: { port: ${tftp}, address: 127.0.0.1 }\n${more}`,
  )
  for (const [name, text] of Object.entries(files)) served.write(name, text)
  return served
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
