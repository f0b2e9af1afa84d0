import type { Json } from './json.ts'

const boots = 'what a machine boots is its profile here, and Birnam names the file and the server'
const lease = 'a lease has one length here, that of valid-lifetime'
const identifier = 'machines are known by their MAC address, their UUID, or the port that they hang on'
const closed = 'there are no classes here: a range of a class is left to you'

/** Why a key is not taken; undefined for what is taken, or is the same here without being said. Values are never repeated. */
export function reasonFor(
  key: string,
  value: Json,
  level: 'server' | 'shared-network' | 'subnet' | 'pool' | 'reservation',
): string | undefined {
  if (taken[level].has(key) || same.has(key) || isNothing(value)) return undefined
  return reasons[key] ?? (key.startsWith('ddns-') ? 'Birnam writes no DNS' : 'nothing here does the same')
}

function isNothing({ value }: Json): boolean {
  return value === '' || value === null || (Array.isArray(value) && value.length === 0) || value === '0.0.0.0'
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

const taken = {
  server: words(
    'subnet4 shared-networks reservations client-classes option-data valid-lifetime hosts-database hosts-databases',
  ),
  'shared-network': words('subnet4 option-data valid-lifetime name reservations'),
  subnet: words('subnet pools reservations option-data valid-lifetime id'),
  pool: words('pool'),
  reservation: words('hw-address ip-address hostname option-data'),
} as const

/** Kea's own files and threads, comments, and what Birnam does anyhow. */
const same = words(
  'comment user-context authoritative control-socket control-sockets loggers multi-threading sanity-checks dhcp-queue-control config-control interfaces-config match-client-id echo-client-id calculate-tee-times t1-percent t2-percent reservation-mode reservations-global reservations-in-subnet reservations-out-of-pool reservations-lookup-first host-reservation-identifiers pool-id compatibility thread-pool-size packet-queue-size parked-packet-limit statistic-default-sample-count statistic-default-sample-age hostname-char-set hostname-char-replacement early-global-reservations-lookup ip-reservations-unique decline-probation-period expired-leases-processing store-extended-info',
)

const reasons: Readonly<Record<string, string>> = {
  'next-server': boots,
  'server-hostname': boots,
  'boot-file-name': boots,
  'min-valid-lifetime': lease,
  'max-valid-lifetime': lease,
  'renew-timer': lease,
  'rebind-timer': lease,
  'lease-database': 'leases are not taken: who renews one here keeps its address',
  'option-def': 'options have no names of their own here: write the number and its type under options:',
  'option-data': 'a pool has no settings of its own here: those of its subnet hold',
  'hooks-libraries':
    'nothing of Kea’s hooks is here; what one of them keeps (reservations, leases) is not in this file',
  'dhcp-ddns': 'Birnam writes no DNS',
  'client-class': closed,
  'client-classes': 'there are no classes here: what a machine gets follows from its groups and its profile',
  'require-client-classes': 'there are no classes here',
  'evaluate-additional-classes': 'there are no classes here',
  'client-id': identifier,
  duid: identifier,
  'circuit-id': 'a port is relay: of a machine here; write it there',
  'flex-id': identifier,
  interface: 'interface: of a subnet; dhcp.interfaces names those that are answered',
  relay: 'relays are known by their address in the subnet, or by what they say; write interface: or nothing',
}
