export type Cpu = 'i386' | 'x86_64' | 'arm' | 'arm64' | 'riscv32' | 'riscv64' | 'loong32' | 'loong64' | 'ppc64'
/** U-Boot and OPAL (Petitboot) load no program: they read PXELINUX menus themselves. */
export type Platform = 'bios' | 'uefi' | 'uboot' | 'opal'
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
  14: { cpu: 'ppc64', platform: 'opal', carrier: 'tftp' },
  15: { cpu: 'i386', platform: 'uefi', carrier: 'http' },
  16: { cpu: 'x86_64', platform: 'uefi', carrier: 'http' },
  18: { cpu: 'arm', platform: 'uefi', carrier: 'http' },
  19: { cpu: 'arm64', platform: 'uefi', carrier: 'http' },
  20: { cpu: 'x86_64', platform: 'bios', carrier: 'http' },
  21: { cpu: 'arm', platform: 'uboot', carrier: 'tftp' },
  22: { cpu: 'arm64', platform: 'uboot', carrier: 'tftp' },
  23: { cpu: 'arm', platform: 'uboot', carrier: 'http' },
  24: { cpu: 'arm64', platform: 'uboot', carrier: 'http' },
  25: { cpu: 'riscv32', platform: 'uefi', carrier: 'tftp' },
  26: { cpu: 'riscv32', platform: 'uefi', carrier: 'http' },
  27: { cpu: 'riscv64', platform: 'uefi', carrier: 'tftp' },
  28: { cpu: 'riscv64', platform: 'uefi', carrier: 'http' },
  37: { cpu: 'loong32', platform: 'uefi', carrier: 'tftp' },
  38: { cpu: 'loong32', platform: 'uefi', carrier: 'http' },
  39: { cpu: 'loong64', platform: 'uefi', carrier: 'tftp' },
  40: { cpu: 'loong64', platform: 'uefi', carrier: 'http' },
} as const satisfies Record<number, Arch>

export function archOf(code: number): Arch | undefined {
  return (arches as Record<number, Arch>)[code]
}
