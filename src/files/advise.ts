import type { Client } from '../boot/client.ts'
import { loaderChoice, offeredFile } from '../boot/offer.ts'
import type { Session } from '../boot/session.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import { askHouse, urlAt, type House } from './house.ts'

/** What DHCP is told of one client: the same `ask()` as everywhere, as an address, a name and a first file. */
export interface Advised {
  readonly machine?: string
  readonly address?: Ipv4
  readonly hostname?: string
  readonly boot?: { readonly file: string; readonly server: Ipv4 }
}

/** `server` is the address of the interface that the client is behind. `dry`: a forecast, which begins no session. */
export function advise(house: House, client: Client, server: Ipv4, dry = false): Advised {
  const answer = askHouse(house, client)
  const { machine, plan } = answer
  // An address is for everybody in the pool; a machine that nobody named boots nothing from here.
  if (plan.do === 'ignore') return {}
  const session = machine && sessionOf(house, client, machine.name, dry)
  const choice = loaderChoice(answer, house.registry.site.server.loader)
  const file = offeredFile(client, choice, session, urlAt(house, server))
  const boot = file === undefined ? {} : { boot: { file, server } }
  if (!machine) return boot
  const { name, ip, hostname } = machine
  return { machine: name, hostname, ...(ip !== undefined && { address: ip }), ...boot }
}

// An operating system that asks for its address belongs to the boot that brought it up; only ROMs and loaders begin one.
function sessionOf(house: House, client: Client, machine: string, dry: boolean): Session | undefined {
  if (!client.mac || client.asker === 'os') return undefined
  if (dry) return house.sessions.imagined(client.mac, house.now())
  return house.sessions.arriving(client.mac, house.now(), house.permits.of(machine))
}
