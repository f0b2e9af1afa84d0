import type { LoaderChoice } from '../config/site.ts'
import { archOf, type Arch } from './arch.ts'
import type { Client } from './client.ts'

/** The first file of a boot: a loader by its name on the shelf, or the script that an iPXE client runs at once. */
export type FirstFile =
  | {
      readonly kind: 'loader'
      readonly name: string
      /** What a shim loads after itself, from its own directory. */
      readonly second?: string
      readonly carrier: 'tftp' | 'http'
      readonly loads: 'pxelinux' | 'grub' | 'ipxe'
    }
  | { readonly kind: 'script' }
  /** Firmware that reads `pxelinux.cfg/` itself, beside the name that it is offered (U-Boot), or below option 210 (Petitboot, RFC 5071). */
  | { readonly kind: 'menus'; readonly carrier: 'tftp' | 'http' }

type Kind = Exclude<LoaderChoice, 'auto'>

/**
 * Which loader this client gets. `auto`: a client that is iPXE already runs its script; BIOS gets PXELINUX, UEFI gets shim and GRUB,
 * which start with Secure Boot on or off (DHCP does not say which it is), UEFI HTTP boot gets iPXE, because GRUB 2.06 has no HTTP root.
 * `has` tells which loaders are to be had: of several that would do, the first that is; of none, the first, whose absence is told.
 * Undefined: this architecture has no such loader, or no package brings it and the site has none.
 */
export function firstFile(
  client: Asking,
  choice: LoaderChoice,
  has: (name: string) => boolean = () => true,
): FirstFile | undefined {
  // A client without option 93 is an old BIOS ROM or only wants an address (RFC 4578 §2.1).
  const arch = archOf(client.arch ?? 0)
  if (!arch) return undefined
  if (arch.platform === 'uboot' || arch.platform === 'opal') return { kind: 'menus', carrier: arch.carrier }
  const kinds = choice === 'auto' ? automatic(client, arch) : [choice]
  if (client.asker === 'ipxe' && (kinds[0] === 'ipxe' || kinds[0] === 'ipxe-shim')) return { kind: 'script' }
  const found = kinds.flatMap((kind) => fileOf(kind, arch) ?? [])
  const there = found.find(({ name, second }) => has(name) && (second === undefined || has(second)))
  return there ?? (isPackaged(arch) ? found[0] : undefined)
}

/** No package brings a loader for the others; a site may. What nobody has is not offered. */
function isPackaged({ cpu }: Arch): boolean {
  return cpu === 'x86_64' || cpu === 'i386' || cpu === 'arm64'
}

/** What of a client decides. */
type Asking = Pick<Client, 'asker'> & Partial<Client>

function automatic({ asker }: Asking, arch: Arch): readonly Kind[] {
  const { platform, carrier } = arch
  if (asker === 'ipxe') return ['ipxe']
  if (platform === 'bios') return carrier === 'http' ? ['ipxe'] : ['pxelinux']
  if (!isPackaged(arch)) return carrier === 'http' ? ['ipxe', 'grub'] : ['grub', 'ipxe']
  return carrier === 'http' ? ['ipxe', 'shim'] : ['shim', 'grub']
}

function fileOf(kind: Kind, arch: Arch): Extract<FirstFile, { kind: 'loader' }> | undefined {
  const name = loaders[arch.platform][kind]?.[arch.cpu]
  if (name === undefined) return undefined
  const behind = chained[kind] && loaders[arch.platform][chained[kind]]?.[arch.cpu]
  return {
    kind: 'loader',
    name,
    ...(behind !== undefined && { second: behind }),
    carrier: arch.carrier,
    loads: loads[kind],
  }
}

const loads: Readonly<Record<Kind, 'pxelinux' | 'grub' | 'ipxe'>> = {
  pxelinux: 'pxelinux',
  lpxelinux: 'pxelinux',
  grub: 'grub',
  shim: 'grub',
  ipxe: 'ipxe',
  'ipxe-shim': 'ipxe',
}

const chained: Readonly<Partial<Record<Kind, Kind>>> = { shim: 'grub', 'ipxe-shim': 'ipxe' }

type Names = Readonly<Partial<Record<Kind, Readonly<Partial<Record<Arch['cpu'], string>>>>>>

/**
 * Loader names on the shelf; src/files/loaders.ts knows which package brings each. A shim has the name of what it loads built in: GRUB's
 * for a distribution's; iPXE's takes its own name without `-shim`.
 */
const loaders: Readonly<Record<Arch['platform'], Names>> = {
  uboot: {},
  opal: {},
  bios: {
    pxelinux: { x86_64: 'pxelinux.0' },
    lpxelinux: { x86_64: 'lpxelinux.0' },
    ipxe: { x86_64: 'undionly.kpxe' },
  },
  uefi: {
    shim: { x86_64: 'shimx64.efi', i386: 'shimia32.efi', arm64: 'shimaa64.efi' },
    // The names of grub-install and of UEFI 2.10 §3.5.1.1.
    grub: {
      x86_64: 'grubx64.efi',
      i386: 'grubia32.efi',
      arm64: 'grubaa64.efi',
      arm: 'grubarm.efi',
      riscv32: 'grubriscv32.efi',
      riscv64: 'grubriscv64.efi',
      loong64: 'grubloongarch64.efi',
    },
    ipxe: {
      x86_64: 'snponly.efi',
      i386: 'snponly-i386.efi',
      arm64: 'snponly-arm64.efi',
      arm: 'snponly-arm32.efi',
      riscv32: 'snponly-riscv32.efi',
      riscv64: 'snponly-riscv64.efi',
      loong64: 'snponly-loong64.efi',
    },
    'ipxe-shim': { x86_64: 'snponly-shim.efi', arm64: 'snponly-arm64-shim.efi' },
  },
}
