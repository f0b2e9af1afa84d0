import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Fault } from '../fault.ts'

export type Importer = 'dhcpd' | 'kea' | 'dnsmasq' | 'pxelinux' | 'grub' | 'ipxe' | 'cobbler' | 'systemimager'

const first = 64 * 1024

/** Throws `request-invalid` when a file or directory is another program's than the one that was asked for. */
export function refuseOther(path: string, wanted: Importer): void {
  const found = recognise(path)
  if (found === undefined || found.importers.includes(wanted)) return
  const [importer] = found.importers
  throw new Fault('request-invalid', `${path} is ${found.what}`, {
    hint:
      importer === undefined
        ? 'it is of no program that is known here'
        : `birnam import ${importer} ${found.path ?? path}`,
  })
}

interface Found {
  readonly what: string
  /** The importers that read it, the best first; none: nobody does. */
  readonly importers: readonly Importer[]
  readonly path?: string
}

/** What something is by what only that program writes; undefined where it could be anything. */
export function recognise(path: string): Found | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return directoryOf(path)
  return stat?.isFile() ? fileOf(startOf(path)) : undefined
}

function directoryOf(path: string): Found | undefined {
  const has = (...names: readonly string[]): boolean => names.some((name) => existsSync(join(path, name)))
  if (has('collections/distros', 'collections/profiles', 'config/distros.d', 'collections/systems'))
    return { what: 'the /var/lib/cobbler of a Cobbler server', importers: ['cobbler'] }
  if (has('images') && has('scripts') && has('overrides'))
    return { what: 'the /var/lib/systemimager of a SystemImager server', importers: ['systemimager'] }
  if (has('kea-dhcp4.conf'))
    return { what: 'the directory of a Kea server', importers: ['kea'], path: join(path, 'kea-dhcp4.conf') }
  if (has('dhcpd.conf'))
    return { what: 'the directory of an ISC dhcpd', importers: ['dhcpd'], path: join(path, 'dhcpd.conf') }
  const roots: Importer[] = []
  if (has('pxelinux.cfg') || basename(path) === 'pxelinux.cfg') roots.push('pxelinux')
  if (has('grub/grub.cfg', 'grub2/grub.cfg', 'boot/grub/grub.cfg', 'boot/grub2/grub.cfg', 'grub.cfg'))
    roots.push('grub')
  if (readdirSync(path).some((name) => name.endsWith('.ipxe'))) roots.push('ipxe')
  if (roots.length === 0) return undefined
  return {
    what: `a TFTP root with menus of ${roots.map((root) => (root === 'pxelinux' ? 'PXELINUX' : root === 'grub' ? 'GRUB' : 'iPXE')).join(' and ')}`,
    importers: roots,
  }
}

function fileOf(text: string): Found | undefined {
  const plain = text.replaceAll(/^[^\S\n]*(?:#|\/\/).*$/gm, '')
  if (text.startsWith('#!ipxe'))
    return { what: 'a script of iPXE: name the directory that it is in', importers: ['ipxe'] }
  if (/^\s*\{/.test(plain) && /"Dhcp6"\s*:/.test(plain))
    return { what: 'a kea-dhcp6.conf, and IPv6 is not taken: write dhcp6 in birnam.yaml', importers: [] }
  if (/^\s*\{/.test(plain) && /"Dhcp4"\s*:/.test(plain)) return { what: 'a kea-dhcp4.conf', importers: ['kea'] }
  if (
    /^[^\S\n]*subnet\s+[\d.]+\s+netmask\s/m.test(plain) ||
    /^[^\S\n]*host\s+\S+\s*\{/m.test(plain) ||
    /^lease\s+[\d.]+\s*\{/m.test(plain)
  )
    return { what: 'a dhcpd.conf', importers: ['dhcpd'] }
  if (
    /^[^\S\n]*(?:dhcp-(?:range|host|option|boot|authoritative|leasefile)|pxe-service|enable-tftp|bind-interfaces|listen-address|cache-size)\b(?=[^\S\n]*(?:=|$))/m.test(
      plain,
    )
  )
    return { what: 'a dnsmasq.conf', importers: ['dnsmasq'] }
  if (/^[^\S\n]*menuentry\s/m.test(plain))
    return { what: 'a grub.cfg: name the directory that it is in', importers: ['grub'] }
  if (/^[^\S\n]*label\s+\S/im.test(plain) && /^[^\S\n]*(?:kernel|linux|localboot|com32)\s/im.test(plain))
    return { what: 'a menu of PXELINUX: name the TFTP root that it is in', importers: ['pxelinux'] }
  return undefined
}

function startOf(path: string): string {
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(first)
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, first, 0))
  } finally {
    closeSync(file)
  }
}
