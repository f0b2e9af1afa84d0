import { chooseUdp } from '../../src/net/udp-choose.ts'
import { openTftp } from '../../src/tftp/server.ts'
import { fileIn } from './tftp-served.ts'

/** Serves a directory until it is ended: `tftp-serve.ts DIRECTORY ffi|dgram [ADDRESS PORT [listener]]`, on loopback when not told. Prints its port. */
const [directory = '.', kind, address = '127.0.0.1', port = '0', ports] = process.argv.slice(2)
const server = await openTftp({
  udp: await chooseUdp(kind),
  address,
  port: Number(port),
  ...(ports === 'listener' && { ports }),
  source: { find: (name) => fileIn(directory, name) },
})
console.log(server.port)
