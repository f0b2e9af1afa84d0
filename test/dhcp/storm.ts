import { formatIpv4 } from '../../src/net/ipv4.ts'
import { macFromBytes } from '../../src/net/mac.ts'
import { chooseUdp } from '../../src/net/udp-choose.ts'
import { option, read } from '../../src/dhcp/options.ts'
import { decodePacket, encodePacket, type Packet } from '../../src/dhcp/packet.ts'
import { message } from './packets.ts'

// Machines without end, sixteen at a time, each asks until it has an address; every ACK is a line `mac address`. Ends by a line on stdin.
const asking = new Map<string, Packet>()
let next = 0

const socket = await (
  await chooseUdp()
).open({ port: 68, device: 'eth0', broadcast: true, onError: () => {}, onMessage: ({ bytes }) => hear(bytes) })
for (let at = 0; at < 16; at++) begin()
const again = setInterval(() => {
  for (const packet of asking.values()) send(packet)
}, 200)
process.stdin.once('data', () => {
  clearInterval(again)
  void socket.close().then(() => process.exit(0))
})

function begin(): void {
  const number = next++
  const mac = `02:00:00:${[number >> 16, (number >> 8) & 255, number & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`
  say(mac, message(1, { mac }))
}

function hear(bytes: Buffer): void {
  const packet = decodePacket(bytes)
  if ('malformed' in packet || packet.op !== 2) return
  const mac = macFromBytes(packet.chaddr)
  const type = read(packet.options, option.messageType)
  const state = read(asking.get(mac)?.options ?? packet.options, option.messageType)
  const address = formatIpv4(packet.yiaddr)
  const server = read(packet.options, option.serverId)
  if (!asking.has(mac)) return
  if (type === 2 && state === 1) say(mac, message(3, { mac, requested: address, server: formatIpv4(server!) }))
  if (type === 6) say(mac, message(1, { mac }))
  if (type === 5 && state === 3) {
    asking.delete(mac)
    console.log(`${mac} ${address}`)
    begin()
  }
}

function say(mac: string, packet: Packet): void {
  asking.set(mac, packet)
  send(packet)
}

function send(packet: Packet): void {
  socket.send(encodePacket(packet), 67, '255.255.255.255')
}
