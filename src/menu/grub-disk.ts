/**
 * Loaders that systems put on their EFI system partition, best first: shim, for Secure Boot; the removable path last. A firmware starts none
 * of another architecture.
 */
const loaders: readonly string[] = [
  ...['x64', 'aa64', 'ia32'].flatMap((arch) => [`EFI/*/shim${arch}.efi`, `EFI/*/grub${arch}.efi`]),
  ...['x64', 'aa64'].map((arch) => `EFI/systemd/systemd-boot${arch}.efi`),
  'EFI/Microsoft/Boot/bootmgfw.efi',
  ...['X64', 'AA64', 'IA32'].map((arch) => `EFI/BOOT/BOOT${arch}.EFI`),
]

/**
 * GRUB statements that boot the machine's own disk. UEFI: the first loader found on any partition. BIOS: the first disk's
 * boot sector. Else back to the firmware, which may know better (EDK2 opens its menu, because GRUB cannot end with an error).
 */
export const diskBoot: readonly string[] = [
  'set network="$root"',
  'if [ "$grub_platform" = efi ]; then',
  `  for loader in ${loaders.map((path) => `(hd*,*)/${path}`).join(' ')}; do`,
  // A pattern without a match stays as it is.
  '    if [ -f "$loader" ]; then',
  // The chained loader looks for its own files on what is root now.
  String.raw`      regexp --set=1:root '^\(([^)]*)\)' "$loader"`,
  '      chainloader "$loader"',
  '      boot',
  '    fi',
  '  done',
  'else',
  '  set root=hd0',
  '  chainloader +1',
  '  boot',
  'fi',
  'set root="$network"',
  "echo 'Birnam: no system was found on the disks; back to the firmware'",
  'sleep 3',
  'exit',
]

export function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`)
}
