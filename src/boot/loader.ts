import type { LoaderChoice } from '../config/site.ts'
import { archOf, type Arch } from './arch.ts'
import type { Client } from './client.ts'

/** The first file of a boot: a loader by its name on the shelf, or the script that an iPXE client runs at once. */
export type FirstFile =
  | {
      readonly kind: 'loader'
      readonly name: string
      readonly carrier: 'tftp' | 'http'
      readonly loads: 'pxelinux' | 'grub' | 'ipxe'
    }
  | { readonly kind: 'script' }

/**
 * Which loader this client gets. `auto`: a client that is iPXE already runs its script; BIOS gets PXELINUX, UEFI gets GRUB,
 * UEFI HTTP boot gets iPXE, because GRUB 2.06 has no HTTP root. Undefined: this architecture has no such loader.
 */
export function firstFile(client: Client, choice: LoaderChoice): FirstFile | undefined {
  // A client without option 93 is an old BIOS ROM or only wants an address (RFC 4578 §2.1).
  const arch = archOf(client.arch ?? 0)
  if (!arch) return undefined
  const wanted = choice === 'auto' ? automatic(client, arch) : choice
  if (wanted === 'ipxe' && client.asker === 'ipxe') return { kind: 'script' }
  const name = loaders[arch.platform][wanted]?.[arch.cpu]
  return name === undefined ? undefined : { kind: 'loader', name, carrier: arch.carrier, loads: wanted }
}

function automatic(client: Client, arch: Arch): Exclude<LoaderChoice, 'auto'> {
  if (client.asker === 'ipxe' || arch.carrier === 'http') return 'ipxe'
  return arch.platform === 'bios' ? 'pxelinux' : 'grub'
}

type Names = Partial<Record<Exclude<LoaderChoice, 'auto'>, Partial<Record<Arch['cpu'], string>>>>

/** Loader names on the shelf; src/files/loaders.ts knows which package brings each. */
const loaders: Readonly<Record<Arch['platform'], Names>> = {
  bios: { pxelinux: { x86_64: 'pxelinux.0' }, ipxe: { x86_64: 'undionly.kpxe' } },
  uefi: { grub: { x86_64: 'grubx64.efi' }, ipxe: { x86_64: 'snponly.efi' } },
}
