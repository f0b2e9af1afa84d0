import type { Command } from 'commander'
import { addImportCobbler } from './import-cobbler.ts'
import { addImportDhcpd } from './import-dhcpd.ts'
import { addImportDnsmasq } from './import-dnsmasq.ts'
import { addImportGrub } from './import-grub.ts'
import { addImportIpxe } from './import-ipxe.ts'
import { addImportKea } from './import-kea.ts'
import { addImportPxelinux } from './import-pxelinux.ts'
import { addImportSystemImager } from './import-systemimager.ts'

/** `import …`: what another program kept becomes a site. */
export function addImport(program: Command): void {
  const imports = program.command('import').description('take over what another program kept')
  addImportSystemImager(imports)
  addImportDhcpd(imports)
  addImportKea(imports)
  addImportDnsmasq(imports)
  addImportPxelinux(imports)
  addImportGrub(imports)
  addImportIpxe(imports)
  addImportCobbler(imports)
}
