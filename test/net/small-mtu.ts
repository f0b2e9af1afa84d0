import { ffiUdp } from '../../src/net/udp-ffi.ts'
import { Inbox } from './inbox.ts'

/** Run in a namespace whose loopback takes 1000 bytes: prints what arrived of a window of larger blocks. */
await using inbox = await Inbox.open(ffiUdp)
inbox.socket.sendSegments(Buffer.alloc(3 * 1472 + 100), 1472, inbox.socket.port, '127.0.0.1')
await inbox.until(() => inbox.heard.length === 4 || inbox.errors.length > 0)
console.log(JSON.stringify({ sizes: inbox.sizes, errors: inbox.errors.map(({ message }) => message) }))
