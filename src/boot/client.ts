import type { Mac } from '../net/mac.ts'
import type { RelayPort } from '../net/relay-port.ts'

/** Which program is asking. `firmware` is a PXE or HTTP-boot ROM; `os` is everything that only wants an address. */
export type Asker = 'firmware' | 'ipxe' | 'pxelinux' | 'grub' | 'os'

/** Evidence of who asks, gathered at whichever door. Everything in it came from the wire and is only evidence. */
export interface Client {
  readonly door: 'dhcp' | 'tftp' | 'http' | 'explain'
  readonly asker: Asker
  /** Option 93; undefined when the client did not say (plain DHCP, a menu asked for by name). */
  readonly arch?: number
  readonly mac?: Mac
  /** Canonical text of option 97 or SMBIOS, lower case, in the byte order of the wire. All zeros is no UUID. */
  readonly uuid?: string
  readonly serial?: string
  /** Option 82 of its relay or switch. */
  readonly relay?: RelayPort
  /** Source address of the request, when it came over IP from a configured client. */
  readonly address?: string
  /** The boot session that the asked name carried (`s/<id>/…`). */
  readonly session?: string
  /** What was chosen at its console in this boot. */
  readonly chosen?: string
}
