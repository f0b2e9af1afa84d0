import type { Machine } from '../config/site.ts'
import { relayKey } from '../net/relay-port.ts'

type Identity = Pick<Machine, 'macs' | 'uuid' | 'serial' | 'relay'>

/** By what a machine is recognised, as one text: equal texts are the same hardware, whatever the machine is called. */
export function hardwareOf({ macs, uuid, serial, relay }: Identity): string {
  return [...macs.toSorted(), uuid, serial, relay && relayKey(relay)].filter((word) => word !== undefined).join(' ')
}

/** Whether the site says what it is, and not only where it hangs. */
export function namesHardware({ macs, uuid, serial }: Identity): boolean {
  return macs.length > 0 || uuid !== undefined || serial !== undefined
}
