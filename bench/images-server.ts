import { RegistryDesk } from '../src/http/registry.ts'
import { openHttp } from '../src/http/server.ts'
import { openLayoutStore } from '../src/image/layout-store.ts'

/** What `bench/images.ts` measures: the registry protocol over a directory of images, open to everyone. */
const [port = '0', root = '.'] = process.argv.slice(2)
const store = openLayoutStore(root)
const gate = { isKnown: () => true, mayPull: () => true, mayPush: () => false }
await openHttp({
  address: '127.0.0.1',
  port: Number(port),
  source: { find: () => undefined },
  desks: new Map([['v2', new RegistryDesk({ store, gate })]]),
  onEnd: () => {},
})
console.log('ready')
process.on('SIGTERM', () => process.exit(0))
