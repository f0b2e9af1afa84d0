import { dlopen } from 'node:ffi'

/**
 * An HTTP client that costs little, as a process of its own: bodies are thrown away inside the kernel (recv with MSG_TRUNC), so that the
 * server is what is measured. Prints one JSON line.
 *
 *   node bench/http-load.ts PORT PATH CONNECTIONS REQUESTS keep|new
 */
const [port = '80', path = '/', connections = '1', requests = '1', mode = 'keep'] = process.argv.slice(2)

const { functions: libc } = dlopen('libc.so.6', {
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  connect: { arguments: ['int32', 'buffer', 'uint32'], return: 'int32' },
  send: { arguments: ['int32', 'buffer', 'uint64', 'int32'], return: 'int64' },
  recv: { arguments: ['int32', 'buffer', 'uint64', 'int32'], return: 'int64' },
  poll: { arguments: ['buffer', 'uint64', 'int32'], return: 'int32' },
  close: { arguments: ['int32'], return: 'int32' },
})

const [noWait, truncate, noSignal] = [0x40, 0x20, 0x4000]
const pollIn = 1
const request = Buffer.from(
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: load\r\nAccept: */*\r\n${mode === 'new' ? 'Connection: close\r\n' : ''}\r\n`,
)
const address = socketAddress(Number(port))
const headBuffer = Buffer.alloc(16 << 10)
const chunk = BigInt(8 << 20)

interface Line {
  fd: number
  /** Body bytes still to come; undefined while the head is awaited. */
  left: number | undefined
  began: number
}

let started = 0
let finished = 0
let bytes = 0
const total = Number(requests)
const times = new Float64Array(total)

const lines: Line[] = Array.from({ length: Math.min(Number(connections), total) }, () => ({
  fd: -1,
  left: undefined,
  began: 0,
}))
const polled = Buffer.alloc(8 * lines.length)
const usage = process.cpuUsage()
const began = performance.now()
for (const line of lines) ask(line)
while (isGoing()) {
  lines.forEach(({ fd }, n) => {
    polled.writeInt32LE(fd, 8 * n)
    polled.writeUInt32LE(pollIn, 8 * n + 4)
  })
  libc.poll(polled, BigInt(lines.length), 10_000)
  lines.forEach((line, n) => {
    if (line.fd >= 0 && polled.readUInt16LE(8 * n + 6) !== 0) take(line)
  })
}
const seconds = (performance.now() - began) / 1000
const { user, system } = process.cpuUsage(usage)
times.sort()
const at = (share: number): number => times[Math.min(total - 1, Math.floor(share * total))] ?? 0
console.log(
  JSON.stringify({
    seconds,
    bytes,
    requests: total,
    p50: at(0.5),
    p99: at(0.99),
    busy: (user + system) / 1e6 / seconds,
  }),
)

function isGoing(): boolean {
  return finished < total
}

function ask(line: Line): void {
  if (started >= total) return hangUp(line)
  started++
  line.began = performance.now()
  if (line.fd < 0) line.fd = dial()
  line.left = undefined
  if (libc.send(line.fd, request, BigInt(request.length), noSignal) !== BigInt(request.length)) fail('send')
}

function take(line: Line): void {
  if (line.left === undefined && !takeHead(line)) return
  if (line.left! > 0) {
    const size = BigInt(line.left!) < chunk ? BigInt(line.left!) : chunk
    const got = Number(libc.recv(line.fd, headBuffer, size, truncate | noWait))
    if (got === 0) fail('the server closed in the middle')
    if (got < 0) return
    line.left! -= got
    bytes += got
  }
  if (line.left === 0) done(line)
}

/** The head comes in one piece here: loopback, and both servers write it at once. */
function takeHead(line: Line): boolean {
  const got = Number(libc.recv(line.fd, headBuffer, BigInt(headBuffer.length), noWait))
  if (got < 0) return false
  const end = headBuffer.subarray(0, got).indexOf('\r\n\r\n')
  if (end < 0) fail('no head')
  const head = headBuffer.toString('latin1', 0, end)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)
  if (!head.startsWith('HTTP/1.1 200') || !length) fail(head)
  const body = got - end - 4
  bytes += body
  line.left = Number(length[1]) - body
  return true
}

function done(line: Line): void {
  times[finished++] = performance.now() - line.began
  if (mode === 'new') hangUp(line)
  ask(line)
}

function dial(): number {
  const fd = libc.socket(2, 1, 0)
  if (fd < 0 || libc.connect(fd, address, address.length) !== 0) fail('connect')
  return fd
}

function hangUp(line: Line): void {
  if (line.fd >= 0) libc.close(line.fd)
  line.fd = -1
}

function socketAddress(number: number): Buffer {
  const bytesOf = Buffer.alloc(16)
  bytesOf.writeUInt16LE(2, 0)
  bytesOf.writeUInt16BE(number, 2)
  bytesOf.set([127, 0, 0, 1], 4)
  return bytesOf
}

function fail(what: string): never {
  console.error(`http-load: ${what}`)
  process.exit(1)
}
