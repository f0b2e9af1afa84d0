import type { Machine } from '../config/site.ts'
import type { MenuName } from '../menu/menu-name.ts'
import type { Finding } from '../net/content.ts'
import { readMac, type Mac } from '../net/mac.ts'
import { findAnswer } from './answers.ts'
import type { Asked } from './asked.ts'
import { machineOf, type House } from './house.ts'
import { machineFrom } from './own-address.ts'

/** How menus are found; the shelf's own way. */
export type FindMenu = (name: MenuName) => Finding

const endpoints = ['ipxe', 'grub', 'metadata', 'ignition', 'generic'] as const
type Endpoint = (typeof endpoints)[number]

/**
 * matchbox's endpoints: `/ipxe?uuid=…&mac=…&serial=…` and the others say in their query which machine they are for. Undefined without such a query: then
 * it is a name like any other. What a name that can be guessed may give holds here as well.
 */
export function findForMatchbox(house: House, name: string, asked: Asked, findMenu: FindMenu): Finding {
  const endpoint = endpoints.find((one) => one === name)
  if (!endpoint || !asked.query || !selectors.some((key) => asked.query!.has(key))) return undefined
  const mac = selected(house, asked.query)
  if (!mac) return { kind: 'refused', status: 404, message: 'no machine of the site is selected by that query' }
  return give(house, endpoint, mac, asked, findMenu)
}

const selectors = ['mac', 'uuid', 'serial'] as const

/** The card of the machine: a MAC address names a card also of strangers, a UUID or serial number only a machine of the site. */
function selected({ registry }: House, query: URLSearchParams): Mac | undefined {
  const [mac, uuid, serial] = selectors.map((key) => query.get(key)?.trim() ?? '')
  const evidence = { ...(uuid && { uuid: uuid.toLowerCase() }), ...(serial && { serial }) }
  return readMac(mac!) ?? registry.byHardware(evidence)?.macs[0]
}

function give(house: House, endpoint: Endpoint, mac: Mac, asked: Asked, findMenu: FindMenu): Finding {
  switch (endpoint) {
    case 'ipxe':
    case 'grub':
      return findMenu({ loader: endpoint, by: 'mac', mac })
    case 'ignition':
    case 'generic':
      return findAnswer(house, mac, asked)
    case 'metadata':
      return metadata(machineOf(house, mac), machineFrom(house, asked.peer.address))
  }
}

/**
 * A line for each fact, as matchbox writes them: upper case, and nothing that the site keeps in variables. UUID and serial number are told to the
 * machine alone: who knows them can say that he is it.
 */
function metadata(machine: Machine | undefined, asker: Machine | undefined): Finding {
  if (!machine) return { kind: 'refused', status: 404, message: 'nobody named this machine' }
  const { name, hostname, macs, ip, uuid, serial, profile } = machine
  const facts = Object.entries({
    name,
    hostname,
    mac: macs[0],
    ip,
    ...(asker === machine && { uuid, serial }),
    profile,
  })
  const lines = facts
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key.toUpperCase()}=${value}\n`)
  return { kind: 'bytes', bytes: Buffer.from(lines.join('')), type: 'text/plain; charset=utf-8' }
}
