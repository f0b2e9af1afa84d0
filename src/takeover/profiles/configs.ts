import { formatIpv4, hexIpv4, type Ipv4 } from '../../net/ipv4.ts'
import { dashed, readMac, type Mac } from '../../net/mac.ts'

/** Which machines a file in pxelinux.cfg is for. */
export type ConfigName =
  | { readonly for: 'mac'; readonly mac: Mac }
  | { readonly for: 'uuid'; readonly uuid: string }
  | { readonly for: 'address'; readonly address: Ipv4 }
  | { readonly for: 'addresses'; readonly digits: string }
  | { readonly for: 'all' }

/** Undefined for a name that PXELINUX never asks for: it may be a part of others. */
export function readConfigName(name: string): ConfigName | undefined {
  if (name === 'default') return { for: 'all' }
  const mac = /^01-[0-9a-f]{2}(?:-[0-9a-f]{2}){5}$/i.test(name) ? readMac(name.slice(3)) : undefined
  if (mac) return { for: 'mac', mac }
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)) return { for: 'uuid', uuid: name.toLowerCase() }
  if (/^[0-9A-F]{8}$/.test(name)) return { for: 'address', address: formatIpv4(Number.parseInt(name, 16)) }
  return /^[0-9A-F]{1,7}$/.test(name) ? { for: 'addresses', digits: name } : undefined
}

/** The names that PXELINUX asks for, the first that is there wins. */
export function namesFor(machine: {
  readonly uuid?: string
  readonly macs: readonly Mac[]
  readonly ip?: Ipv4
}): readonly string[] {
  const hex = machine.ip === undefined ? '' : hexIpv4(machine.ip)
  return [
    ...(machine.uuid === undefined ? [] : [machine.uuid]),
    ...machine.macs.map((mac) => `01-${dashed(mac)}`),
    ...Array.from(hex, (_, cut) => hex.slice(0, hex.length - cut)),
    'default',
  ]
}
