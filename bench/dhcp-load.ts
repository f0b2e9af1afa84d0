import { message } from '../test/dhcp/packets.ts'
import { option, OptionList, read, write } from '../src/dhcp/options.ts'
import { decodePacket, encodePacket } from '../src/dhcp/packet.ts'
import { chooseUdp } from '../src/net/udp.ts'

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

interface Machine {
  readonly begun: number
  sent: number
  state: 'discovering' | 'requesting'
  offered: number
  last: Buffer
}

const load = JSON.parse(process.argv[2]!) as Load
const udp = await chooseUdp()
const discover = template(1)
const request = template(3)
const machines = new Map<number, Machine>()
const given = new Map<number, number>()
const latencies: number[] = []
let next = 0
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
if (load.rate === undefined) for (let at = 0; at < load.atOnce!; at++) begin()
else pace(load.rate)
const watch = setInterval(patience, 100)
await finished.promise
clearInterval(watch)
const seconds = (performance.now() - began) / 1000
await socket.close()
latencies.sort((one, other) => one - other)
const done = latencies.length
const result: Result = { perSecond: done / seconds, p50: at(0.5), p99: at(0.99), done, lost, again, wrong }
console.log(JSON.stringify(result))

function begin(): void {
  if (next >= load.machines) return
  const number = next++
  const bytes = addressed(discover.bytes, number)
  const now = performance.now()
  machines.set(number, { begun: now, sent: now, state: 'discovering', offered: 0, last: bytes })
  socket.send(bytes, 67, '255.255.255.255')
}

function hear(bytes: Buffer): void {
  const packet = decodePacket(bytes)
  if ('malformed' in packet || packet.op !== 2) return
  const machine = machines.get(packet.xid)
  if (!machine) return
  const type = read(packet.options, option.messageType)
  if (type === 2 && machine.state === 'discovering') {
    const asking = addressed(request.bytes, packet.xid)
    asking.writeUInt32BE(packet.yiaddr, request.requestedAt)
    asking.writeUInt32BE(read(packet.options, option.serverId)!, request.serverAt)
    Object.assign(machine, { state: 'requesting', offered: packet.yiaddr, last: asking, sent: performance.now() })
    socket.send(asking, 67, '255.255.255.255')
  } else if (type === 5 && machine.state === 'requesting') finish(packet.xid, machine, packet.yiaddr)
  else if (type === 6) wrong++
}

function finish(number: number, machine: Machine, address: number): void {
  latencies.push(performance.now() - machine.begun)
  machines.delete(number)
  if (address !== machine.offered || given.has(address)) wrong++
  given.set(address, number)
  if (load.rate === undefined) begin()
  check()
}

/** Closed loop: ask again after a second, as firmware does. Open loop: after a second it counts as lost. */
function patience(): void {
  const now = performance.now()
  for (const [number, machine] of machines) {
    if (now - machine.sent < 1000) continue
    if (load.rate !== undefined || now - machine.begun > 10_000) {
      machines.delete(number)
      lost++
      if (load.rate === undefined) begin()
    } else {
      again++
      machine.sent = now
      socket.send(machine.last, 67, '255.255.255.255')
    }
  }
  check()
}

function check(): void {
  if (next >= load.machines && machines.size === 0) finished.resolve()
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

function addressed(template: Buffer, number: number): Buffer {
  const bytes = Buffer.from(template)
  bytes.writeUInt32BE(number, 4)
  bytes.writeUInt32BE(load.first + number, 30)
  return bytes
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
