import { accessSync, constants } from 'node:fs'
import type { Paths } from '../config/paths.ts'
import type { Distros } from '../distro/distros.ts'

/** A loader on the shelf: where distributions put it, and which Debian package brings it. */
interface Loader {
  readonly paths: readonly string[]
  readonly package: string
}

const syslinux = (name: string): Loader => ({
  paths: [`/usr/lib/syslinux/modules/bios/${name}`, `/usr/share/syslinux/${name}`, `/usr/lib/syslinux/bios/${name}`],
  package: 'syslinux-common',
})
const pxelinux = (name: string): Loader => ({
  paths: [`/usr/lib/PXELINUX/${name}`, `/usr/share/syslinux/${name}`, `/usr/lib/syslinux/bios/${name}`],
  package: 'pxelinux',
})
const ipxe = (name: string, ...elsewhere: readonly string[]): Loader => ({
  paths: [`/usr/lib/ipxe/${name}`, `/usr/share/ipxe/${name}`, ...elsewhere],
  package: 'ipxe',
})
/** Signed by Microsoft and by iPXE's own key; no distribution has packaged them yet. */
const signedIpxe = (name: string): Loader => ({
  paths: [`/usr/lib/ipxe/signed/${name}`],
  package: 'of ipxe.org (its release ipxeboot.tar.gz)',
})
const installer = (arch: string, name: string): readonly string[] =>
  ['13', '12'].map(
    (version) => `/usr/lib/debian-installer/images/${version}/${arch}/text/debian-installer/${arch}/${name}`,
  )
/** Of the firmware's own architecture; Debian's installer has them in a package for any. */
const shim = (suffix: string, arch: string, loads: string): Loader => ({
  paths: [`/usr/lib/shim/shim${suffix}.efi.signed`, ...installer(arch, loads)],
  package: arch === 'amd64' ? 'shim-signed' : `shim-signed:${arch}`,
})
const grub = (platform: string, suffix: string, arch: string): Loader => ({
  paths: [`/usr/lib/grub/${platform}-efi-signed/grubnet${suffix}.efi.signed`, ...installer(arch, `grub${suffix}.efi`)],
  package: `grub-efi-${arch === 'i386' ? 'ia32' : arch}-signed${arch === 'amd64' ? '' : `:${arch}`}`,
})

/** Every loader that Birnam can hand out, by the name that src/boot/loader.ts offers. */
export const loaders: Readonly<Record<string, Loader>> = {
  'pxelinux.0': pxelinux('pxelinux.0'),
  'lpxelinux.0': pxelinux('lpxelinux.0'),
  'ldlinux.c32': syslinux('ldlinux.c32'),
  'libcom32.c32': syslinux('libcom32.c32'),
  'libutil.c32': syslinux('libutil.c32'),
  'menu.c32': syslinux('menu.c32'),
  'vesamenu.c32': syslinux('vesamenu.c32'),
  'chain.c32': syslinux('chain.c32'),
  'shimx64.efi': shim('x64', 'amd64', 'bootnetx64.efi'),
  'grubx64.efi': grub('x86_64', 'x64', 'amd64'),
  'shimaa64.efi': shim('aa64', 'arm64', 'bootnetaa64.efi'),
  'grubaa64.efi': grub('arm64', 'aa64', 'arm64'),
  'shimia32.efi': shim('ia32', 'i386', 'bootnetia32.efi'),
  'grubia32.efi': grub('i386', 'ia32', 'i386'),
  'undionly.kpxe': ipxe('undionly.kpxe'),
  'snponly.efi': ipxe('snponly.efi'),
  'ipxe.efi': ipxe('ipxe.efi'),
  'snponly-arm64.efi': ipxe('snponly-arm64.efi', '/usr/share/ipxe/arm64-efi/snponly.efi'),
  'snponly-i386.efi': ipxe('snponly-i386.efi', '/usr/share/ipxe/i386-efi/snponly.efi'),
  'snponly-shim.efi': signedIpxe('snponly-shim.efi'),
  'snponly-arm64-shim.efi': signedIpxe('snponly-arm64-shim.efi'),
}

/** The file of a loader on this server; undefined for a name that is no loader or whose package is not installed. */
export function loaderPath(name: string): string | undefined {
  return Object.hasOwn(loaders, name) ? loaders[name]!.paths.find(isReadable) : undefined
}

/** What to install when a loader is not there. */
export function packageOf(name: string): string | undefined {
  return Object.hasOwn(loaders, name) ? loaders[name]!.package : undefined
}

/** What is told, wherever a loader is missed. */
export function bringsLoader(name: string): string {
  const known = packageOf(name)
  return `${known === undefined ? '' : `install the package ${known}, or `}put the file under files/ in the site`
}

/** How long a look at the disk is remembered, in milliseconds: DHCP asks for every packet. */
const memory = 1000
const mostRemembered = 10_000

/** Loaders of this server with those that a site brings itself. */
export class LoaderFiles {
  readonly #paths: Paths
  readonly #distros: Pick<Distros, 'path'> | undefined
  readonly #known = new Map<string, { readonly until: number; readonly path: string | undefined }>()

  constructor(paths: Paths, distros?: Pick<Distros, 'path'>) {
    this.#paths = paths
    this.#distros = distros
  }

  /** The file behind a loader's name: out of this folder of the site, the site's files/, or a package. */
  find(name: string, folder?: string): string | undefined {
    const key = `${folder ?? ''}\0${name}`
    const now = performance.now()
    const before = this.#known.get(key)
    if (before && now < before.until) return before.path
    const path = this.own(name, folder) ?? this.#paths.find(`files/${name}`)?.path ?? loaderPath(name)
    if (this.#known.size > mostRemembered) this.#known.clear()
    this.#known.set(key, { until: now + memory, path })
    return path
  }

  /** Out of that folder alone. What an installation medium calls its shim (`BOOTX64.EFI`) is found as `shimx64.efi` too. */
  own(name: string, folder: string | undefined): string | undefined {
    if (folder === undefined) return undefined
    const names = [name, ...(removable[name] ?? [])]
    const paths = names.map((each) => `${folder}/${each}`)
    return paths
      .map((each) => this.#paths.find(each)?.path ?? this.#distros?.path(each))
      .find((path) => path !== undefined)
  }
}

/** UEFI 2.10 §3.5.1.1: what stands there on media of Linux distributions is shim. */
const removable: Readonly<Record<string, readonly string[]>> = {
  'shimx64.efi': ['BOOTX64.EFI', 'bootx64.efi'],
  'shimaa64.efi': ['BOOTAA64.EFI', 'bootaa64.efi'],
  'shimia32.efi': ['BOOTIA32.EFI', 'bootia32.efi'],
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
