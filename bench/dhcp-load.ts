import { message } from '../test/dhcp/packets.ts'
import { option, OptionList, write } from '../src/dhcp/options.ts'
import { encodePacket } from '../src/dhcp/packet.ts'
import { chooseUdp } from '../src/net/udp-choose.ts'

/**
 * A hall of machines behind one network card: DISCOVER, OFFER, REQUEST, ACK for each, with the options of a PXE ROM. Every answer is
 * checked: the ACK gives what the OFFER gave, and no address is given twice. Runs in the clients' namespace; prints one line of JSON.
 */
export interface Load {
  /** First machine's number, so that runs can have machines never seen before. */
  readonly first: number
  readonly machines: number
  /** Closed loop: so many at a time. */
  readonly atOnce?: number
  /** Open loop: so many begin each second. */
  readonly rate?: number
}

export interface Result {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly done: number
  readonly lost: number
  readonly again: number
  readonly wrong: number
}

const load = JSON.parse(process.argv[2]!) as Load
const udp = await chooseUdp()
const discover = template(1)
const request = template(3)
/** 0 not begun, 1 discovering, 2 requesting, 3 done or lost. Plain arrays: this end must cost less than the server's. */
const states = new Uint8Array(load.machines)
const begun = new Float64Array(load.machines)
const sent = new Float64Array(load.machines)
const offered = new Uint32Array(load.machines)
const servers = new Uint32Array(load.machines)
const given = new Set<number>()
const latencies: number[] = []
let next = 0
let waiting = 0
let lost = 0
let again = 0
let wrong = 0
const finished = Promise.withResolvers<void>()

const socket = await udp.open({
  port: 68,
  device: 'eth0',
  broadcast: true,
  receiveBuffer: 8 << 20,
  onMessage: ({ bytes }) => hear(bytes),
  onError: () => {},
})
const began = performance.now()
const settling = 500
let done = 0
if (load.rate === undefined) for (let n = 0; n < load.atOnce!; n++) begin()
else pace(load.rate)
const watch = setInterval(patience, 200)
await finished.promise
clearInterval(watch)
const seconds = (performance.now() - began) / 1000
await socket.close()
latencies.sort((one, other) => one - other)
const result: Result = { perSecond: done / seconds, p50: at(0.5), p99: at(0.99), done, lost, again, wrong }
console.log(JSON.stringify(result))

function begin(): void {
  if (next >= load.machines) return
  const number = next++
  waiting++
  states[number] = 1
  begun[number] = performance.now()
  ask(number)
}

function ask(number: number): void {
  const { bytes, requestedAt, serverAt } = states[number] === 1 ? discover : request
  bytes.writeUInt32BE(number, 4)
  bytes.writeUInt32BE(load.first + number, 30)
  if (states[number] === 2) {
    bytes.writeUInt32BE(offered[number]!, requestedAt)
    bytes.writeUInt32BE(servers[number]!, serverAt)
  }
  sent[number] = performance.now()
  // node:dgram sends later, from the same bytes.
  socket.send(udp.kind === 'ffi' ? bytes : Buffer.from(bytes), 67, '255.255.255.255')
}

function hear(bytes: Buffer): void {
  if (bytes.length < 244 || bytes[0] !== 2) return
  const number = bytes.readUInt32BE(4)
  const state = states[number]
  const { type, server } = read(bytes)
  if (type === 2 && state === 1) {
    states[number] = 2
    offered[number] = bytes.readUInt32BE(16)
    servers[number] = server
    ask(number)
  } else if (type === 5 && state === 2) finish(number, bytes.readUInt32BE(16))
  else if (type === 6) wrong++
}

/** Options 53 and 54, wherever they stand. */
function read(bytes: Buffer): { readonly type: number; readonly server: number } {
  let type = 0
  let server = 0
  for (let here = 240; here < bytes.length && bytes[here] !== 255; here += 2 + bytes[here + 1]!) {
    if (bytes[here] === 53) type = bytes[here + 2]!
    else if (bytes[here] === 54) server = bytes.readUInt32BE(here + 2)
    if (type !== 0 && server !== 0) break
  }
  return { type, server }
}

function finish(number: number, address: number): void {
  // In its first moments this program itself is slow: nothing is compiled yet.
  if (load.rate === undefined || begun[number]! - began > settling) latencies.push(performance.now() - begun[number]!)
  done++
  states[number] = 3
  waiting--
  if (address !== offered[number] || given.has(address)) wrong++
  given.add(address)
  if (load.rate === undefined) begin()
  check()
}

/** Closed loop: ask again after a second, as firmware does. Open loop: after a second it counts as lost. */
function patience(): void {
  const now = performance.now()
  for (let number = 0; number < next; number++) {
    if (states[number] === 3 || now - sent[number]! < 1000) continue
    if (load.rate !== undefined || now - begun[number]! > 10_000) {
      states[number] = 3
      waiting--
      lost++
      if (load.rate === undefined) begin()
    } else {
      again++
      ask(number)
    }
  }
  check()
}

function check(): void {
  if (next >= load.machines && waiting === 0) finished.resolve()
}

/** In steps of at least a millisecond, as many as are due by then. */
function pace(rate: number): void {
  const start = performance.now()
  const step = (): void => {
    const due = Math.min(load.machines, Math.floor(((performance.now() - start) / 1000) * rate))
    while (next < due) begin()
    if (next < load.machines) setTimeout(step, 1)
  }
  step()
}

function at(part: number): number {
  return Number((latencies[Math.floor(latencies.length * part)] ?? 0).toFixed(3))
}

function template(type: 1 | 3): { readonly bytes: Buffer; readonly requestedAt: number; readonly serverAt: number } {
  const rom = [
    write(option.maxSize, 1472),
    write(option.arch, [0]),
    [94, Buffer.from([1, 2, 1])] as const,
    write(option.vendorClass, 'PXEClient:Arch:00000:UNDI:002001'),
    [55, Buffer.from([1, 3, 6, 12, 15, 28, 42, 43, 60, 66, 67])] as const,
    [97, Buffer.alloc(17)] as const,
  ]
  const asked = type === 3 ? { requested: '0.0.0.0', server: '0.0.0.0' } : {}
  const packet = message(type, { mac: '02:00:00:00:00:00', ...asked, more: rom, fields: { flags: 0x8000 } })
  const bytes = encodePacket({ ...packet, options: new OptionList([...packet.options]) })
  // 53 stands first with 3 bytes; 50 and 54 follow with 6 each.
  return { bytes, requestedAt: 240 + 3 + 2, serverAt: 240 + 3 + 6 + 2 }
}
