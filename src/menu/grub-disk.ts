/** Loaders that installed systems put on their EFI system partition; shim first, for Secure Boot. */
const installed: readonly string[] = [
  ...['debian', 'ubuntu', 'redhat', 'rocky', 'almalinux', 'centos', 'fedora', 'opensuse', 'sles'].map(
    (name) => `/EFI/${name}/shimx64.efi`,
  ),
  '/EFI/debian/grubx64.efi',
  '/EFI/ubuntu/grubx64.efi',
  '/EFI/opensuse/grubx64.efi',
  '/EFI/BOOT/BOOTX64.EFI',
]

/**
 * GRUB statements that boot the machine's own disk. UEFI: the first loader found on any disk, else back to the firmware.
 * BIOS: the first disk's boot sector.
 */
export const diskBoot: readonly string[] = [
  'if [ "$grub_platform" = efi ]; then',
  `  for loader in ${installed.join(' ')}; do`,
  '    unset disk',
  '    search --no-floppy --file --set=disk "$loader"',
  '    if [ -n "$disk" ]; then',
  '      chainloader "($disk)$loader"',
  '      boot',
  '    fi',
  '  done',
  'else',
  '  chainloader (hd0)+1',
  '  boot',
  'fi',
  'exit',
]

export function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`)
}
