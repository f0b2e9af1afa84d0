import { readIpv4 } from '../net/ipv4.ts'
import { readMac, type Mac } from '../net/mac.ts'
import { shortOf } from './names.ts'
import { readXml } from './xml.ts'

/** `scripts/hosts`, a copy of /etc/hosts: each name with its address, by its short form. */
export function readHosts(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    const value = readIpv4(address)
    if (value === undefined || value >>> 24 === 127) continue
    for (const name of names) if (!found.has(shortOf(name))) found.set(shortOf(name), address)
  }
  return found
}

/** What another file tells of a machine. */
export interface Card {
  readonly mac: Mac
  /** Short. */
  readonly host?: string
  readonly address?: string
}

/** `host NAME { hardware ethernet …; fixed-address …; }` of ISC dhcpd, as si_mkdhcpstatic writes them. */
export function readDhcpd(text: string): readonly Card[] {
  const bare = text.slice(0, 4 * 1024 ** 2).replaceAll(/#[^\n]*/g, '')
  return [...bare.matchAll(/\bhost\s+([\w.-]{1,200})\s*\{([^{}]{0,2000})\}/g)].flatMap(([, host = '', body = '']) => {
    const mac = readMac(/\bhardware\s+ethernet\s+([0-9A-Fa-f:]{11,17})\s*;/.exec(body)?.[1] ?? '')
    const address = /\bfixed-address\s+([\d.]{7,15})\s*;/.exec(body)?.[1]
    if (mac === undefined) return []
    return [{ mac, host: shortOf(host), ...(address !== undefined && { address }) }]
  })
}

/** clients.xml, where the monitor of 4.3 kept who had reported: `<client name="00.11.22.33.44.55" host=… ip=…/>`. */
export function readClientsXml(file: string, text: string): readonly Card[] {
  return readXml(file, text).children.flatMap(({ attributes }) =>
    cardOf(attributes['name'], attributes['host'], attributes['ip']),
  )
}

/** clients/MAC_def.json of 4.9. Nothing for what is no such file. */
export function readClientJson(text: string): readonly Card[] {
  try {
    const { name, host, ip } = JSON.parse(text) as Readonly<Record<string, unknown>>
    return cardOf(name, host, ip)
  } catch {
    return []
  }
}

function cardOf(name: unknown, host: unknown, address: unknown): readonly Card[] {
  const mac = typeof name === 'string' ? readMac(name.replaceAll(/[._]/g, ':')) : undefined
  if (mac === undefined) return []
  return [
    {
      mac,
      ...(typeof host === 'string' && host !== '' && { host: shortOf(host) }),
      ...(typeof address === 'string' && readIpv4(address) !== undefined && { address }),
    },
  ]
}
