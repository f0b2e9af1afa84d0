import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openHttp } from '../src/http/server.ts'
import { Templates } from '../src/template/templates.ts'

/** What `bench/http.ts` measures: the carrier alone, a directory and one kickstart that is rendered for each request. */
const [port = '0', root = '.'] = process.argv.slice(2)
const file = 'kickstart.hbs'
const text = readFileSync(join(root, file), 'utf8')
const templates = new Templates({ read: (name) => (name === file ? { text, file } : undefined) })
const render = (context: Record<string, unknown>): string => templates.render(file, context, 'a machine')

let asked = 0
await openHttp({
  address: '127.0.0.1',
  port: Number(port),
  source: {
    find(name) {
      if (name === 'kickstart')
        return { kind: 'bytes', bytes: Buffer.from(render(machine(asked++ % 64))), secret: true }
      const path = join(root, name)
      const { size, mtimeMs, ino } = statSync(path)
      return { kind: 'file', path, size, mtimeMs, ino }
    },
  },
  onEnd: () => {},
})
console.log('ready')
process.on('SIGTERM', () => process.exit(0))

function machine(n: number): Record<string, unknown> {
  return {
    machine: { name: `node-${n}`, ip: `10.77.0.${n}`, mac: `52:54:00:77:00:${n.toString(16).padStart(2, '0')}` },
    packages,
  }
}

const packages = Array.from({ length: 100 }, (_, n) => `package-${n}`)
