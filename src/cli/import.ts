import type { Command } from 'commander'
import { addImportCobbler } from './import-cobbler.ts'
import { addImportDhcpd } from './import-dhcpd.ts'
import { addImportPxelinux } from './import-pxelinux.ts'
import { addImportSystemImager } from './import-systemimager.ts'

/** `import …`: what another program kept becomes a site. */
export function addImport(program: Command): void {
  const imports = program.command('import').description('take over what another program kept')
  addImportSystemImager(imports)
  addImportDhcpd(imports)
  addImportPxelinux(imports)
  addImportCobbler(imports)
}
