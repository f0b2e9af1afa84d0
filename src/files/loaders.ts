import { accessSync, constants } from 'node:fs'

/** A loader on the shelf: where distributions put it, and which Debian package brings it. */
interface Loader {
  readonly paths: readonly string[]
  readonly package: string
}

const syslinux = (name: string): Loader => ({
  paths: [`/usr/lib/syslinux/modules/bios/${name}`, `/usr/share/syslinux/${name}`, `/usr/lib/syslinux/bios/${name}`],
  package: 'syslinux-common',
})
const ipxe = (name: string): Loader => ({
  paths: [`/usr/lib/ipxe/${name}`, `/usr/share/ipxe/${name}`],
  package: 'ipxe',
})

/** Every loader that Birnam can hand out, by the name that src/boot/loader.ts offers. */
export const loaders: Readonly<Record<string, Loader>> = {
  'pxelinux.0': {
    paths: ['/usr/lib/PXELINUX/pxelinux.0', '/usr/share/syslinux/pxelinux.0', '/usr/lib/syslinux/bios/pxelinux.0'],
    package: 'pxelinux',
  },
  'ldlinux.c32': syslinux('ldlinux.c32'),
  'libcom32.c32': syslinux('libcom32.c32'),
  'libutil.c32': syslinux('libutil.c32'),
  'menu.c32': syslinux('menu.c32'),
  'vesamenu.c32': syslinux('vesamenu.c32'),
  'chain.c32': syslinux('chain.c32'),
  'grubx64.efi': {
    paths: ['/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed'],
    package: 'grub-efi-amd64-signed',
  },
  'undionly.kpxe': ipxe('undionly.kpxe'),
  'snponly.efi': ipxe('snponly.efi'),
  'ipxe.efi': ipxe('ipxe.efi'),
}

/** The file of a loader on this server; undefined for a name that is no loader or whose package is not installed. */
export function loaderPath(name: string): string | undefined {
  return Object.hasOwn(loaders, name) ? loaders[name]!.paths.find(isReadable) : undefined
}

/** What to install when a loader is not there. */
export function packageOf(name: string): string | undefined {
  return Object.hasOwn(loaders, name) ? loaders[name]!.package : undefined
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
