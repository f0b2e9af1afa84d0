import type { Client } from '../boot/client.ts'
import { forecast } from '../dhcp/forecast.ts'
import type { LeaseBook } from '../dhcp/lease.ts'
import { advise } from '../files/advise.ts'
import type { House } from '../files/house.ts'
import { addressOn } from '../net/interfaces.ts'

/** The DHCP reply to this client, by the functions that serve. A site can be read on a host that lacks its interfaces. */
export function forecastLines(house: House, leases: LeaseBook, client: Client): readonly string[] {
  const { dhcp: settings, address } = house.registry.site.server
  if (settings.mode === 'off') return []
  const advisor = {
    advise: (asking: Client, server: string) => advise(house, asking, server, true),
    isReserved: (reserved: string) => house.registry.at(reserved) !== undefined,
  }
  const serverAddressFor = (name: string): string | undefined => addressOn(name) ?? address
  return forecast(client, { settings, now: house.now(), advisor, leases, serverAddressFor }).lines
}
