import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { files, openHouse } from '../house.ts'
import { openShell } from './typed.ts'

const birnam = join(import.meta.dirname, '../../tools/birnam')
const anyPort = `address: 127.0.0.1
http: { port: 0, address: 127.0.0.1 }
tftp: { port: 0, address: 127.0.0.1 }
`

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s in the very moment in which the banner comes stops in order',
  async (signal) => {
    using house = openHouse({ ...files, 'birnam.yaml': anyPort })
    using shell = openShell(house.directory)
    const words = ['serve', '--site', house.directory, '--data', shell.data]
    const child = spawn(birnam, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    let log = ''
    child.stderr.on('data', (text: Buffer) => (log += text.toString()))
    child.stdout.once('data', () => child.kill(signal))
    try {
      expect(await once(child, 'close', { signal: AbortSignal.timeout(25_000) })).toEqual([0, null])
    } finally {
      child.kill('SIGKILL')
    }
    expect(log).toContain('server.stopped')
  },
)
