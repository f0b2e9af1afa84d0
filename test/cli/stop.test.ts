import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lockData } from '../../src/store/sqlite/lock.ts'
import { files, openHouse } from '../house.ts'
import { openShell } from './typed.ts'

const birnam = join(import.meta.dirname, '../../tools/birnam')
const anyPort = `address: 127.0.0.1
http: { port: 0, address: 127.0.0.1 }
tftp: { port: 0, address: 127.0.0.1 }
`

// The first word on standard output is the banner's; on standard error, the log's that everything is open.
test.each([
  ['SIGTERM', 'stdout'],
  ['SIGINT', 'stdout'],
  ['SIGTERM', 'stderr'],
  ['SIGINT', 'stderr'],
] as const)(
  '%s at the first word on %s stops in order, time after time, and lets go of the data',
  { timeout: 120_000 },
  async (signal, stream) => {
    using house = openHouse({ ...files, 'birnam.yaml': anyPort })
    using shell = openShell(house.directory)
    for (let time = 0; time < 3; time++) {
      const words = ['serve', '--site', house.directory, '--data', shell.data]
      const child = spawn(birnam, words, { stdio: ['ignore', 'pipe', 'pipe'] })
      let log = ''
      child.stderr.on('data', (text: Buffer) => (log += text.toString()))
      child[stream].once('data', () => child.kill(signal))
      try {
        expect(await once(child, 'close', { signal: AbortSignal.timeout(25_000) })).toEqual([0, null])
      } finally {
        child.kill('SIGKILL')
      }
      expect(log).toContain('server.stopped')
      lockData(shell.data)[Symbol.dispose]()
    }
  },
)
