import { hexIpv4, type Ipv4 } from '../net/ipv4.ts'
import { dashed, type Mac } from '../net/mac.ts'

/** Who will ask: `xen` is pypxeboot in a dom0. */
export type MenuLoader = 'pxelinux' | 'ipxe' | 'grub' | 'xen'

/** What is known of the machine before it boots. `uuid` in the order of the wire. */
export interface Asking {
  readonly mac: Mac
  readonly uuid?: string
  readonly address?: Ipv4
  /** What GRUB calls the platform that it runs on; `x86_64-efi` when not given. */
  readonly platform?: string
}

/**
 * The names a loader asks for once it runs, in its order, until one is found: its parts, then its menu. Kernel and initrd are
 * the menu's business. As seen on the wire: PXELINUX 6.04, GRUB 2.06 (Debian, signed), iPXE 1.0.0, pypxeboot 0.0.3.
 */
export function namesAsked(loader: MenuLoader, asking: Asking): readonly string[] {
  switch (loader) {
    case 'pxelinux':
      return ['ldlinux.c32', ...pxelinuxMenus(asking)]
    case 'xen':
      return xenMenus(asking)
    case 'ipxe':
      return ['boot.ipxe']
    case 'grub':
      return [...grubParts(asking), 'grub/grub.cfg', 'grub.cfg']
  }
}

/** shim 16.1, before what it loads: none of them need be there. */
export const shimParts: readonly string[] = ['revocations_sku.efi', 'revocations_sbat.efi', 'shim_certificate_0.efi']

function grubParts({ platform = 'x86_64-efi' }: Asking): readonly string[] {
  return ['command', 'fs', 'crypto', 'terminal'].map((list) => `grub/${platform}/${list}.lst`)
}

function pxelinuxMenus({ mac, uuid, address }: Asking): readonly string[] {
  // An all-zero UUID is none: PXELINUX skips it.
  const known = uuid !== undefined && /[1-9a-f]/.test(uuid)
  const hex = address === undefined ? '' : hexIpv4(address)
  const shorter = Array.from(hex, (_, cut) => hex.slice(0, hex.length - cut))
  return menus([...(known ? [uuid] : []), `01-${dashed(mac)}`, ...shorter, 'default'])
}

function xenMenus({ mac, address }: Asking): readonly string[] {
  return menus([`01-${dashed(mac)}`, ...(address === undefined ? [] : [hexIpv4(address)]), 'default'])
}

function menus(names: readonly string[]): readonly string[] {
  return names.map((name) => `pxelinux.cfg/${name}`)
}
