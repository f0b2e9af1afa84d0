import { archOf } from '../boot/arch.ts'
import type { Advice } from './advice.ts'
import type { Verdict } from './answer.ts'
import { write, option, type Entry } from './options.ts'
import { classOf } from './pxe.ts'
import { bootReply, isPi, piMenu } from './reply.ts'
import type { Packet } from './packet.ts'
import type { Request } from './request.ts'

/** Where a proxy is asked: beside the DHCP server (67), or by a client that has its address and comes for its file (PXE 2.1 §2.2.5). */
export type ProxyPort = 67 | 4011

export const bootServerPort = 4011 as const

/**
 * What a proxy does about a message. It never gives an address, and never speaks about one: a client that does not boot from the
 * network, a REQUEST to the server that gives addresses, a DECLINE and a RELEASE are not its business.
 */
export function proxyAnswer(
  request: Request,
  port: ProxyPort,
  advice: Advice,
  isOurs: (server: number) => boolean,
): Verdict {
  if (classOf(request.packet) === undefined) return silent('it does not boot from the network')
  const isAsked = port === 67 ? request.type === 1 : request.type === 3 || request.type === 8
  if (!isAsked) return silent('for the server that gives addresses')
  if (request.server !== undefined && !isOurs(request.server)) return silent('for another boot server')
  if (advice.ignore !== undefined) return silent(advice.ignore)
  if (advice.boot === undefined) return silent('nothing for it to boot')
  return {
    say: 'proxy',
    type: port === 67 ? 2 : 5,
    file: needsSecondAnswer(request, port) ? undefined : advice.boot.file,
  }
}

/** The message itself: yiaddr 0, no mask, no router, no lease. */
export function proxyReply(request: Request, { type, file }: ProxyVerdict, server: number, advice: Advice): Packet {
  const { packet } = request
  const own = classOf(packet)
  const options: Entry[] = [write(option.messageType, type), write(option.serverId, server)]
  if (own !== undefined) options.push(write(option.vendorClass, own))
  const vendor = own === 'PXEClient' ? vendorOf(packet, type, file) : undefined
  if (file !== undefined && isPi(request)) options.push(piMenu)
  else if (vendor) options.push([option.vendor.code, vendor])
  return bootReply(packet, options, { server, boot: file === undefined ? undefined : { ...advice.boot, file } })
}

type ProxyVerdict = Extract<Verdict, { say: 'proxy' }>

/**
 * UEFI firmware is told of no file at first, and without vendor options (43): then all of it comes to port 4011 for the file, where some
 * of it passes over a file that the first answer names. BIOS ROMs and iPXE take it from the first answer.
 */
function needsSecondAnswer({ client, packet }: Request, port: ProxyPort): boolean {
  return (
    port === 67 &&
    client.asker === 'firmware' &&
    classOf(packet) === 'PXEClient' &&
    archOf(client.arch ?? 0)?.platform === 'uefi'
  )
}

/** PXE 2.1 §2.2.3, discovery control 8: no boot servers are to be looked for, the file is in this packet. */
const noDiscovery = Buffer.from([6, 1, 8, 255])

function vendorOf(request: Packet, type: 2 | 5, file: string | undefined): Buffer | undefined {
  if (type === 2) return file === undefined ? undefined : noDiscovery
  // The item that it chose of a boot menu goes back as it came.
  const vendor = request.options.get(option.vendor.code)
  const item = vendor && option.vendor.codec.decode(vendor)?.get(71)
  return item?.length === 4 ? Buffer.from([71, 4, ...item, 255]) : undefined
}

function silent(why: string): Verdict {
  return { say: 'nothing', because: 'silent', why }
}
