import { readFileSync } from 'node:fs'
import { addressAt, Epoll, errnoOf, Inbox, kernel, memory, setReceiveBuffer, udpSocket } from './lib/sockets.ts'

/** TFTP clients in one process: `atOnce` of them fetch `transfers` times, and compare every block with the file. */
export interface Load {
  readonly address: string
  readonly port: number
  readonly name: string
  /** The same file here; none for a name that is not there. */
  readonly file?: string
  /** Of what is rendered for each client, so that only the size can be right or wrong. */
  readonly size?: number
  readonly blksize: number
  readonly windowsize: number
  readonly transfers: number
  readonly atOnce: number
  /** Milliseconds that a client waits before it repeats itself. */
  readonly patience: number
}

export interface Result {
  readonly seconds: number
  readonly bytes: number
  readonly done: number
  readonly failed: number
  readonly repeated: number
  /** What the server agreed to. */
  readonly windowsize: number
  /** Milliseconds per transfer. */
  readonly p50: number
  readonly p95: number
  readonly p99: number
  /** The client's own share of its core. Near 1: the client was the limit. */
  readonly busy: number
}

interface Client {
  readonly fd: number
  readonly startedAt: number
  heardAt: number
  connected: boolean
  block: number
  /** Bytes that arrived in order. */
  got: number
  window: number
  inWindow: number
  last: Uint8Array
  tries: number
}

const load = JSON.parse(process.argv[2] ?? '') as Load
const expected = load.file === undefined ? undefined : readFileSync(load.file)
const slots = Math.min(64, load.windowsize)
const inbox = new Inbox(slots, load.blksize)
const server = memory(16)
const sender = memory(16)
const first = memory(65_536)
const senderLength = memory(4)
const ack = memory(4)
const out = memory(512)
const epoll = new Epoll()
const clients = new Map<number, Client>()
const times: number[] = []
const request = readRequest()
let started = 0
let failed = 0
let repeated = 0
let bytes = 0
let windowsize = 1

addressAt(server, load.address, load.port)
ack.bytes[1] = 4
const before = process.cpuUsage()
const beganAt = performance.now()
while (started < Math.min(load.atOnce, load.transfers)) begin()
let checkedAt = beganAt
while (clients.size > 0) {
  epoll.wait(20, hear)
  const now = performance.now()
  if (now - checkedAt < 20) continue
  checkedAt = now
  for (const client of clients.values()) if (now - client.heardAt >= load.patience) repeat(client, now)
}
report()

function begin(): void {
  started++
  const fd = udpSocket()
  if (load.windowsize > 1) setReceiveBuffer(fd, 1 << 20)
  const now = performance.now()
  const client: Client = {
    fd,
    startedAt: now,
    heardAt: now,
    connected: false,
    block: 0,
    got: 0,
    window: 1,
    inWindow: 0,
    last: request,
    tries: 0,
  }
  clients.set(fd, client)
  epoll.add(fd)
  say(client, request)
}

function hear(fd: number): void {
  const client = clients.get(fd)!
  if (!client.connected) return hearFirst(client)
  const count = inbox.receive(fd)
  for (let slot = 0; slot < count;) {
    const run = blocksInOrder(client, slot, count)
    if (run > 0 ? !takeRun(client, slot, run) : !takeOther(client, inbox.heads.subarray(slot * 4), undefined)) return
    slot += Math.max(run, 1)
  }
}

/** The first answer comes from the port that the rest of the transfer goes to. */
function hearFirst(client: Client): void {
  senderLength.bytes.writeUInt32LE(16)
  const length = kernel.recvfrom(client.fd, first.at, 65_535, 0x40, sender.at, senderLength.at)
  if (length < 4) return
  client.connected = true
  if (first.bytes[1] !== 5) kernel.connect(client.fd, sender.at, 16)
  if (first.bytes[1] !== 3) return void takeOther(client, first.bytes, first.bytes.subarray(2, length))
  const body = first.bytes.subarray(4, length)
  if (first.bytes.readUInt16BE(2) === 1) arrive(client, body, 0, body.length, 1)
}

/** How many blocks from that slot on are the next ones; all but the last of them are full. */
function blocksInOrder(client: Client, from: number, count: number): number {
  const { heads } = inbox
  let slot = from
  for (let block = client.block + 1; slot < count; block++) {
    const at = slot * 4
    if (heads[at + 1] !== 3 || heads[at + 2] !== ((block >>> 8) & 0xff) || heads[at + 3] !== (block & 0xff)) break
    if (inbox.lengthOf(slot++) < load.blksize) break
  }
  return slot - from
}

function takeRun(client: Client, slot: number, run: number): boolean {
  const size = (run - 1) * load.blksize + inbox.lengthOf(slot + run - 1)
  return arrive(client, inbox.bodies, slot * load.blksize, size, run)
}

/** Blocks in order, end to end. False when the client is gone. */
function arrive(client: Client, from: Buffer, at: number, size: number, blocks: number): boolean {
  if (expected && expected.compare(from, at, at + size, client.got, client.got + size) !== 0) {
    end(client, false)
    return false
  }
  client.got += size
  client.block = (client.block + blocks) & 0xffff
  client.inWindow = Math.max(client.inWindow, 0) + blocks
  const isLast = size < blocks * load.blksize
  if (isLast || client.inWindow >= client.window) acknowledge(client)
  if (!isLast) return true
  end(client, client.got === (load.size ?? expected?.length))
  return false
}

/** Anything but the next block. False when the client is gone. */
function takeOther(client: Client, head: Uint8Array, oack: Buffer | undefined): boolean {
  if (head[1] === 6 && oack) {
    client.window = agreedWindow(oack)
    windowsize = client.window
    acknowledge(client)
    return true
  }
  if (head[1] === 5) {
    end(client, load.file === undefined && load.size === undefined && head[3] === 1)
    return false
  }
  // RFC 7440 §4: a gap is told once, with what came in order.
  const block = head[2]! * 256 + head[3]!
  const isGap = head[1] === 3 && ((block - client.block) & 0xffff) < 1024
  if (isGap && client.inWindow >= 0) {
    acknowledge(client)
    client.inWindow = -1
  }
  return true
}

function acknowledge(client: Client): void {
  ack.bytes.writeUInt16BE(client.block, 2)
  client.inWindow = 0
  client.tries = 0
  client.heardAt = performance.now()
  kernel.send(client.fd, ack.at, 4, 0x40)
}

function repeat(client: Client, now: number): void {
  repeated++
  client.heardAt = now
  client.inWindow = 0
  if (++client.tries > 20) return end(client, false)
  if (!client.connected) return say(client, request)
  ack.bytes.writeUInt16BE(client.block, 2)
  kernel.send(client.fd, ack.at, 4, 0x40)
}

function say(client: Client, what: Uint8Array): void {
  out.bytes.set(what)
  const sent = kernel.sendto(client.fd, out.at, what.length, 0x40, server.at, 16)
  if (sent < 0) throw new Error(`sendto: errno ${errnoOf()}`)
}

function end(client: Client, right: boolean): void {
  clients.delete(client.fd)
  kernel.close(client.fd)
  bytes += client.got
  if (right) times.push(performance.now() - client.startedAt)
  else failed++
  if (started < load.transfers) begin()
}

function agreedWindow(oack: Buffer): number {
  const words = oack.toString('latin1').split('\0')
  const at = words.findIndex((word) => word.toLowerCase() === 'windowsize')
  return at < 0 ? 1 : Number(words[at + 1])
}

function readRequest(): Buffer {
  const options = ['blksize', load.blksize, 'windowsize', load.windowsize].map(String)
  const words = [load.name, 'octet', ...options.slice(0, load.windowsize > 1 ? 4 : 2)]
  return Buffer.from(`\0\u0001${words.join('\0')}\0`)
}

function report(): void {
  const seconds = (performance.now() - beganAt) / 1000
  const { user, system } = process.cpuUsage(before)
  const at = (share: number): number => times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? Number.NaN
  const result: Result = {
    seconds,
    bytes,
    done: times.length,
    failed,
    repeated,
    windowsize,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    busy: (user + system) / 1e6 / seconds,
  }
  console.log(JSON.stringify(result))
}
