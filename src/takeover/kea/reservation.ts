import { isHostname } from '../../config/values.ts'
import { dashed } from '../../net/mac.ts'
import { cardOf, type OldHost } from '../network/host.ts'
import type { Often } from '../often.ts'
import { listOf, mapOf, textOf, type Json } from './json.ts'
import { calledOf } from './settings.ts'
import { reasonFor } from './reasons.ts'

/** A reservation has no name: it is called by its host name, else by its card or address. */
export function readReservation(json: Json, often: Often): OldHost {
  const map = mapOf(json)
  const hardware = map.get('hw-address')
  const mac = cardOf(textOf(hardware) ?? '')
  if (hardware && mac === undefined) often.add(hardware, 'hw-address', 'it is not the MAC address of an Ethernet card')
  const address = textOf(map.get('ip-address'))
  const hostname = textOf(map.get('hostname'))?.replace(/\.$/, '')
  for (const [key, value] of map) {
    const why = reasonFor(key, value, 'reservation')
    if (why !== undefined) often.add(value, `${/^[\w.-]{1,60}$/.test(key) ? key : 'something'} of a reservation`, why)
  }
  for (const option of listOf(map.get('option-data')))
    often.add(
      option,
      `option-data ${calledOf(option)} of a reservation`,
      'what a machine is told is that of its subnet here',
    )
  const named = hostname !== undefined && isHostname(hostname) ? hostname : undefined
  return {
    name: named ?? (mac ? dashed(mac) : `ip-${(address ?? 'unknown').replaceAll('.', '-')}`),
    macs: mac ? [mac] : [],
    addresses: address === undefined ? [] : [address],
    ...(hostname !== undefined && { hostname }),
    groups: [],
    file: json.file,
    line: json.line,
  }
}
