/** A program or file that tests use: where it is, and which Debian package brings it. */
interface Wanted {
  readonly paths: readonly string[]
  readonly package: string
}

/** Everything beyond npm. atftpd and tftpd-hpa are not here: they conflict, and only the benches want them. */
export const programs = {
  ip: wanted('iproute2', '/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'),
  nsenter: wanted('util-linux', '/usr/bin/nsenter'),
  unshare: wanted('util-linux', '/usr/bin/unshare'),
  setpriv: wanted('util-linux', '/usr/bin/setpriv'),
  perl: wanted('perl-base', '/usr/bin/perl'),
  nft: wanted('nftables', '/usr/sbin/nft', '/usr/bin/nft'),
  tc: wanted('iproute2', '/usr/sbin/tc', '/sbin/tc'),
  tcpdump: wanted('tcpdump', '/usr/bin/tcpdump', '/usr/sbin/tcpdump'),
  busybox: wanted('busybox-static', '/bin/busybox', '/usr/bin/busybox'),
  qemu: wanted('qemu-system-x86', '/usr/bin/qemu-system-x86_64'),
  'qemu-roms': wanted('ipxe-qemu', '/usr/lib/ipxe/qemu/efi-virtio.rom'),
  ovmf: wanted('ovmf', '/usr/share/OVMF/OVMF_CODE_4M.fd'),
  'pxelinux.0': wanted('pxelinux', '/usr/lib/PXELINUX/pxelinux.0'),
  'ldlinux.c32': wanted('syslinux-common', '/usr/lib/syslinux/modules/bios/ldlinux.c32'),
  ipxe: wanted('ipxe', '/usr/lib/ipxe/snponly.efi'),
  'grubx64.efi': wanted('grub-efi-amd64-signed', '/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed'),
  'grub-mkimage': wanted('grub-common', '/usr/bin/grub-mkimage'),
  'grub-pc': wanted('grub-pc-bin', '/usr/lib/grub/i386-pc/boot.img'),
  'grub-efi': wanted('grub-efi-amd64-bin', '/usr/lib/grub/x86_64-efi/linux.mod'),
  'mkfs.vfat': wanted('dosfstools', '/usr/sbin/mkfs.vfat', '/sbin/mkfs.vfat'),
  mcopy: wanted('mtools', '/usr/bin/mcopy'),
  dnsmasq: wanted('dnsmasq-base', '/usr/sbin/dnsmasq'),
  dhcrelay: wanted('isc-dhcp-relay', '/usr/sbin/dhcrelay'),
  dhcpd: wanted('isc-dhcp-server', '/usr/sbin/dhcpd'),
  'kea-dhcp4': wanted('kea-dhcp4-server', '/usr/sbin/kea-dhcp4'),
  atftp: wanted('atftp', '/usr/bin/atftp'),
  'tftp-hpa': wanted('tftp-hpa', '/usr/bin/tftp'),
  curl: wanted('curl', '/usr/bin/curl'),
  skopeo: wanted('skopeo', '/usr/bin/skopeo'),
  podman: wanted('podman', '/usr/bin/podman'),
  buildah: wanted('buildah', '/usr/bin/buildah'),
  runc: wanted('runc', '/usr/sbin/runc', '/usr/bin/runc'),
  'docker-registry': wanted('docker-registry', '/usr/bin/docker-registry'),
  sshd: wanted('openssh-server', '/usr/sbin/sshd'),
  ssh: wanted('openssh-client', '/usr/bin/ssh'),
  rsync: wanted('rsync', '/usr/bin/rsync'),
  setfacl: wanted('acl', '/usr/bin/setfacl'),
  setfattr: wanted('attr', '/usr/bin/setfattr'),
  mmdebstrap: wanted('mmdebstrap', '/usr/bin/mmdebstrap'),
  zstd: wanted('zstd', '/usr/bin/zstd'),
  openssl: wanted('openssl', '/usr/bin/openssl'),
  kmod: wanted('kmod', '/usr/bin/kmod', '/bin/kmod'),
  sfdisk: wanted('fdisk', '/usr/sbin/sfdisk', '/sbin/sfdisk'),
  mdadm: wanted('mdadm', '/usr/sbin/mdadm', '/sbin/mdadm'),
  lvm: wanted('lvm2', '/usr/sbin/lvm', '/sbin/lvm'),
  dmsetup: wanted('dmsetup', '/usr/sbin/dmsetup', '/sbin/dmsetup'),
  cryptsetup: wanted('cryptsetup-bin', '/usr/sbin/cryptsetup', '/sbin/cryptsetup'),
  'mkfs.xfs': wanted('xfsprogs', '/usr/sbin/mkfs.xfs', '/sbin/mkfs.xfs'),
  'mkfs.btrfs': wanted('btrfs-progs', '/usr/sbin/mkfs.btrfs', '/usr/bin/mkfs.btrfs', '/sbin/mkfs.btrfs'),
  kexec: wanted('kexec-tools', '/usr/sbin/kexec', '/sbin/kexec'),
  aria2c: wanted('aria2', '/usr/bin/aria2c'),
  uftp: wanted('uftp', '/usr/bin/uftp', '/usr/sbin/uftp'),
  shellcheck: wanted('shellcheck', '/usr/bin/shellcheck'),
  setcap: wanted('libcap2-bin', '/usr/sbin/setcap', '/sbin/setcap'),
} as const satisfies Record<string, Wanted>

export type Program = keyof typeof programs

function wanted(name: string, ...paths: readonly string[]): Wanted {
  return { paths, package: name }
}
