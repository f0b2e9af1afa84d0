import type { Asker } from '../boot/client.ts'

/** A kind of client that `explain` can imagine. */
export interface Firmware {
  readonly title: string
  readonly asker: Asker
  /** Option 93; none for a client that only wants an address. */
  readonly arch?: number
}

export const firmwares = {
  bios: { title: 'BIOS PXE ROM', asker: 'firmware', arch: 0 },
  'bios-ipxe': { title: 'iPXE ROM on BIOS', asker: 'ipxe', arch: 0 },
  uefi: { title: 'UEFI x64 PXE', asker: 'firmware', arch: 7 },
  'uefi-ipxe': { title: 'iPXE on UEFI x64', asker: 'ipxe', arch: 7 },
  'uefi-http': { title: 'UEFI x64 HTTP boot', asker: 'firmware', arch: 16 },
  'uefi-arm64': { title: 'UEFI arm64 PXE', asker: 'firmware', arch: 11 },
  'uefi-ia32': { title: 'UEFI IA32 PXE', asker: 'firmware', arch: 6 },
  'uefi-riscv64': { title: 'UEFI RISC-V PXE', asker: 'firmware', arch: 27 },
  'uefi-loong64': { title: 'UEFI LoongArch PXE', asker: 'firmware', arch: 39 },
  'uboot-arm64': { title: 'U-Boot on arm64', asker: 'firmware', arch: 22 },
  opal: { title: 'OPAL firmware (Petitboot)', asker: 'firmware', arch: 14 },
  xen: { title: 'pypxeboot in a Xen dom0', asker: 'os' },
} as const satisfies Record<string, Firmware>

export type FirmwareName = keyof typeof firmwares

export function isFirmware(name: string): name is FirmwareName {
  return Object.hasOwn(firmwares, name)
}
