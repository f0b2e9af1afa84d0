import type { Client } from '../boot/client.ts'
import { forecast } from '../dhcp/forecast.ts'
import type { Advisor6 } from '../dhcp6/advice.ts'
import { forecast6 } from '../dhcp6/forecast.ts'
import type { LeaseBook } from '../dhcp/lease.ts'
import { advise } from '../files/advise.ts'
import type { House } from '../files/house.ts'
import { addresses6On, addressOn } from '../net/interfaces.ts'
import { isIpv6 } from '../net/ipv6.ts'

/** The DHCP replies to this client, by the functions that serve. A site can be read on a host that lacks its interfaces. */
export function forecastLines(house: House, leases: LeaseBook, client: Client, relay?: string): readonly string[] {
  return [...lines4(house, leases, client, relay), ...lines6(house, client, relay)]
}

function lines4(house: House, leases: LeaseBook, client: Client, relay?: string): readonly string[] {
  const { dhcp: settings, address } = house.registry.site.server
  if (settings.mode === 'off' || (relay !== undefined && isIpv6(relay))) return []
  const advisor = {
    advise: (asking: Client, server: string) => advise(house, asking, server, true),
    isReserved: (reserved: string) => house.registry.at(reserved) !== undefined,
  }
  const serverAddressFor = (name: string): string | undefined => addressOn(name) ?? address
  const parts = { settings, now: house.now(), advisor, leases, serverAddressFor, reach: house.reach.bind(house) }
  return forecast(client, { ...parts, ...(relay !== undefined && { relay }) }).lines
}

function lines6(house: House, client: Client, relay?: string): readonly string[] {
  if (relay !== undefined && !isIpv6(relay)) return []
  const advisor = advisor6(house, true)
  const book = { addressOf: () => undefined }
  const settings = house.registry.site.server.dhcp6
  return forecast6(client, {
    settings,
    advisor,
    book,
    now: house.now(),
    addressesOn: addresses6On,
    ...(relay !== undefined && { relay }),
  })
}

/** What DHCPv6 asks of the heart. `dry`: a forecast, which begins no session. */
export function advisor6(house: House, dry = false): Advisor6 {
  return {
    advise(client, server) {
      const { machine, boot, options } = advise(house, client, server, dry)
      const named = machine === undefined ? undefined : house.registry.named(machine)
      return {
        ...(machine !== undefined && { machine }),
        ...(named && { cards: named.macs }),
        ...(named?.ip6 !== undefined && { address: named.ip6 }),
        ...(boot && { boot }),
        ...(options && { options }),
      }
    },
    isReserved: (address, machine) => (house.registry.at(address)?.name ?? machine) !== machine,
    get namedWithoutAddress() {
      return house.registry.withoutIp6
    },
  }
}
