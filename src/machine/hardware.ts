import type { Machine } from '../config/site.ts'

/** By what a machine is recognised, as one text: equal texts are the same hardware, whatever the machine is called. */
export function hardwareOf({ macs, uuid, serial }: Pick<Machine, 'macs' | 'uuid' | 'serial'>): string {
  return [...macs.toSorted(), uuid, serial].filter((word) => word !== undefined).join(' ')
}
