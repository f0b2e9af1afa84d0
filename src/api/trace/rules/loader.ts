import { noLoaderText } from '../../../boot/arch-text.ts'
import { bringsLoader, packageOf } from '../../../files/loaders.ts'
import {
  hasAddress,
  isOffer,
  isTransfer,
  isType,
  menuGiven,
  nameOf,
  numberOf,
  shortFile,
  textOf,
  toldFile,
  wasSent,
  whyOf,
  type Facts,
} from '../facts.ts'

export function tlsFailed({ events }: Facts): string | undefined {
  const event = events.findLast(isType('https.failed'))
  return event && whyOf(event)
}

/** Firmware that boots from the network was told of no file at all. */
export function noLoader({ events }: Facts): string | undefined {
  const told = events.findLast((event) => isOffer(event) || hasAddress(event))
  if (!told || textOf(told, 'file') !== undefined || toldFile(events) || textOf(told, 'asker') !== 'firmware')
    return undefined
  return noLoaderText(numberOf(told, 'arch'))
}

/** Loaders ask for many names that need not be there; their own parts must. */
export function missingLoader({ events }: Facts): string | undefined {
  const sent = new Set(events.filter(wasSent).map(nameOf))
  const missing = events.findLast(
    (event) => event.type === 'file.missing' && packageOf(nameOf(event)) !== undefined && !sent.has(nameOf(event)),
  )
  return missing && `${nameOf(missing)} is not on this server: ${bringsLoader(nameOf(missing))}`
}

/** It was sent to an address that this server does not have. */
export function otherAddress({ events, own }: Facts): string | undefined {
  const told = toldFile(events)
  if (!told || !own || own.length === 0) return undefined
  const host = hostOf(told.file) ?? told.next
  // A name may be this server's under any address.
  if (host === undefined || !/^[\d.]+$|:/.test(host) || own.includes(host)) return undefined
  const has = own.filter((address) => !address.startsWith('127.'))
  return `it was told to fetch from ${host}, which is no address of this server (it has ${has.join(', ')}): correct address: in birnam.yaml`
}

/** Of a file that is offered by HTTP, TFTP's port is no part. */
export function unconnected({ events, connected }: Facts): string | undefined {
  const told = toldFile(events)
  if (!told || !/^https?:/.test(told.file)) return undefined
  if (events.some((event) => menuGiven(event) || (isTransfer(event) && event.detail?.['carrier'] === 'http')))
    return undefined
  const { port } = partsOf(told.file)
  const ack = events.findLast(hasAddress)
  const address = ack && textOf(ack, 'address')
  if (address !== undefined && connected?.(address, ack!.at) === true)
    return `it was told ${shortFile(told.file)}, connected to TCP port ${port} and fetched nothing: its firmware takes no such file, or its certificate`
  return `it was told ${shortFile(told.file)} and never connected: TCP port ${port} is blocked between machine and server`
}

function hostOf(file: string): string | undefined {
  return /^https?:/.test(file) ? partsOf(file).host : undefined
}

function partsOf(url: string): { readonly host: string; readonly port: string } {
  const { hostname, port, protocol } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port || (protocol === 'https:' ? '443' : '80') }
}
