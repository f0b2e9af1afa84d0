export type Cpu = 'i386' | 'x86_64' | 'arm' | 'arm64'
export type Platform = 'bios' | 'uefi'
export type Carrier = 'tftp' | 'http'

export interface Arch {
  readonly cpu: Cpu
  readonly platform: Platform
  /** How the firmware itself fetches its first file. */
  readonly carrier: Carrier
}

/**
 * Client system architectures, DHCP option 93: RFC 4578 §2.1 and IANA's "Processor Architecture Types".
 * 9 is EBC in the RFC, and what some x64 firmware sends.
 */
export const arches = {
  0: { cpu: 'x86_64', platform: 'bios', carrier: 'tftp' },
  6: { cpu: 'i386', platform: 'uefi', carrier: 'tftp' },
  7: { cpu: 'x86_64', platform: 'uefi', carrier: 'tftp' },
  9: { cpu: 'x86_64', platform: 'uefi', carrier: 'tftp' },
  10: { cpu: 'arm', platform: 'uefi', carrier: 'tftp' },
  11: { cpu: 'arm64', platform: 'uefi', carrier: 'tftp' },
  15: { cpu: 'i386', platform: 'uefi', carrier: 'http' },
  16: { cpu: 'x86_64', platform: 'uefi', carrier: 'http' },
  18: { cpu: 'arm', platform: 'uefi', carrier: 'http' },
  19: { cpu: 'arm64', platform: 'uefi', carrier: 'http' },
  20: { cpu: 'x86_64', platform: 'bios', carrier: 'http' },
} as const satisfies Record<number, Arch>

export function archOf(code: number): Arch | undefined {
  return (arches as Record<number, Arch>)[code]
}
