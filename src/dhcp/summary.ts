import { formatIpv4 } from '../net/ipv4.ts'
import { macFromBytes } from '../net/mac.ts'
import { messageTypes, option, optionOf, read, type MessageType, type Option } from './options.ts'
import { broadcastFlag, type Packet } from './packet.ts'

/** A message for people, a line per fact: what `explain` prints and golden tests hold. Safe to print: text is quoted. */
export function summary(packet: Packet): readonly string[] {
  return [
    titleOf(packet),
    ...headerLines(packet),
    ...[...packet.options].filter(([code]) => code !== 53).map(optionLine),
  ]
}

function titleOf(packet: Packet): string {
  const type = read(packet.options, option.messageType)
  const name = type === undefined ? 'BOOTP' : (messageTypes[type as MessageType] ?? `message type ${type}`)
  const from = packet.htype === 1 && packet.hlen === 6 ? macFromBytes(packet.chaddr) : packet.chaddr.toString('hex')
  return `${name} ${packet.op === 1 ? 'from' : 'to'} ${from}`
}

function headerLines(packet: Packet): readonly string[] {
  const { flags, secs, hops, sname, file } = packet
  const addresses = (['ciaddr', 'yiaddr', 'siaddr', 'giaddr'] as const).filter((field) => packet[field] !== 0)
  return [
    `xid ${packet.xid.toString(16).padStart(8, '0')}, ${secs} s${hops > 0 ? `, ${hops} hops` : ''}${flags & broadcastFlag ? ', broadcast' : ''}`,
    ...addresses.map((field) => `${field} ${formatIpv4(packet[field])}`),
    ...(sname === '' ? [] : [`sname ${JSON.stringify(sname)}`]),
    ...(file === '' ? [] : [`file ${JSON.stringify(file)}`]),
  ]
}

function optionLine([code, bytes]: readonly [number, Buffer]): string {
  const known = optionOf(code)
  return `${code} ${known?.name ?? 'unknown'}: ${known ? valueOf(known, bytes) : bytes.toString('hex')}`
}

function valueOf(known: Option<unknown>, bytes: Buffer): string {
  return known.codec.fits(bytes.length)
    ? known.codec.show(known.codec.decode(bytes))
    : `not ${known.name}: ${bytes.toString('hex')}`
}
