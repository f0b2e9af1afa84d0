/** IANA "Processor Architecture Types" of DHCP option 93, for people. */
const names: Readonly<Record<number, string>> = {
  0: 'x86 BIOS',
  1: 'NEC PC98',
  2: 'Itanium',
  3: 'DEC Alpha',
  4: 'ARC x86',
  5: 'Intel Lean Client',
  6: 'x86 UEFI',
  7: 'x64 UEFI',
  8: 'Xscale EFI',
  9: 'EFI byte code',
  10: 'ARM 32-bit UEFI',
  11: 'ARM 64-bit UEFI',
  12: 'PowerPC Open Firmware',
  13: 'PowerPC ePAPR',
  14: 'POWER OPAL v3',
  15: 'x86 UEFI HTTP',
  16: 'x64 UEFI HTTP',
  17: 'EFI byte code HTTP',
  18: 'ARM 32-bit UEFI HTTP',
  19: 'ARM 64-bit UEFI HTTP',
  20: 'x86 BIOS HTTP',
  21: 'ARM 32-bit U-Boot',
  22: 'ARM 64-bit U-Boot',
  23: 'ARM 32-bit U-Boot HTTP',
  24: 'ARM 64-bit U-Boot HTTP',
  25: 'RISC-V 32-bit UEFI',
  26: 'RISC-V 32-bit UEFI HTTP',
  27: 'RISC-V 64-bit UEFI',
  28: 'RISC-V 64-bit UEFI HTTP',
  29: 'RISC-V 128-bit UEFI',
  30: 'RISC-V 128-bit UEFI HTTP',
  31: 's390 Basic',
  32: 's390 Extended',
  33: 'MIPS 32-bit UEFI',
  34: 'MIPS 64-bit UEFI',
  35: 'Sunway 32-bit UEFI',
  36: 'Sunway 64-bit UEFI',
  37: 'LoongArch 32-bit UEFI',
  38: 'LoongArch 32-bit UEFI HTTP',
  39: 'LoongArch 64-bit UEFI',
  40: 'LoongArch 64-bit UEFI HTTP',
  41: 'ARM rpiboot',
}

/** Told before a boot and after it. */
export function noLoaderText(code: number | undefined): string {
  return `this server has no loader for its architecture, ${archText(code)}`
}

/** `RISC-V 64-bit UEFI (option 93: 27)`. */
export function archText(code: number | undefined): string {
  if (code === undefined) return 'which it does not tell (no option 93)'
  return `${names[code] ?? 'which has no name yet'} (option 93: ${code})`
}
