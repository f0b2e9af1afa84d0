import { isHostname } from '../../config/values.ts'
import { dashed, type Mac } from '../../net/mac.ts'
import { readIpv4 } from '../../net/ipv4.ts'
import { cardOf, type OldHost } from '../network/host.ts'
import type { Often } from '../often.ts'
import { isName } from '../told.ts'
import type { Setting } from './lines.ts'

/** `dhcp-host=[cards],[set:tag],[address],[name],[lease],[ignore]`, in any order (dnsmasq(8)). */
export function readDhcpHost(setting: Setting, often: Often): OldHost | undefined {
  const { values, file, line } = setting
  const macs: Mac[] = []
  const groups: string[] = []
  let address: string | undefined
  let hostname: string | undefined
  if (values.includes('ignore')) {
    often.add(
      setting,
      'dhcp-host with ignore',
      'a machine that is to get no answer is none here: deny it where it hangs',
    )
    return undefined
  }
  for (const value of values) {
    const kind = kindOf(value)
    const mac = kind === 'card' ? cardOf(value.replace(/^(?:1|01)-/, '')) : undefined
    if (kind === 'card' && mac) macs.push(mac)
    else if (kind === 'set' && isName(value.slice(4))) groups.push(value.slice(4))
    else if (kind === 'address') address = value.replace(/^\[|\]$/g, '')
    else if (kind === 'name') hostname = value
    else if (value !== '') often.add(setting, 'dhcp-host', reasons[kind] ?? 'something in it is not understood')
  }
  if (macs.length === 0 && address === undefined && hostname === undefined) return undefined
  const named = hostname !== undefined && isHostname(hostname) ? hostname : undefined
  return {
    name: named ?? (macs[0] ? dashed(macs[0]) : `ip-${(address ?? 'unknown').replaceAll('.', '-')}`),
    macs,
    addresses: address === undefined ? [] : [address],
    ...(hostname !== undefined && { hostname }),
    groups,
    file,
    line,
  }
}

const reasons: Readonly<Record<string, string>> = {
  card: 'a card in it is not the MAC address of an Ethernet card, or holds a *',
  id: 'machines are known by their MAC address, their UUID, or the port that they hang on',
  tag: 'a tag: in it makes it hold for some only: that is not taken',
  lease: 'a lease has one length in a subnet here',
  address6: 'IPv6 is not taken: write ip6: of the machine',
  set: 'a tag in it has a name that no group can have',
}

function kindOf(value: string): string {
  if (value.startsWith('id:') || value === 'id:*') return 'id'
  if (value.startsWith('set:')) return 'set'
  if (value.startsWith('net:')) return 'tag'
  if (value.startsWith('tag:')) return 'tag'
  if (readIpv4(value) !== undefined) return 'address'
  if (value.startsWith('[')) return 'address6'
  if (/^(?:\d+-)?[\da-f*]{1,2}(?:[:-][\da-f*]{1,2}){5,}$/i.test(value)) return 'card'
  if (/^(?:\d+[smhdw]?|infinite)$/.test(value)) return 'lease'
  return /^[\w.-]+$/.test(value) ? 'name' : 'other'
}
