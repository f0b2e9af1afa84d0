import type { Command } from 'commander'
import { importPxelinux } from '../takeover/pxelinux/import.ts'
import { importPlace, showTaken } from './import-report.ts'

/** `import pxelinux`: machines, profiles, kernels. */
export function addImportPxelinux(imports: Command): void {
  imports
    .command('pxelinux <dir>')
    .description('menus, kernels and machines of a TFTP root with a pxelinux.cfg')
    .option('--dry-run', 'only tell')
    .action((dir: string, { dryRun = false }: { readonly dryRun?: boolean }, command: Command) => {
      const { site } = importPlace(command)
      showTaken(command, importPxelinux(dir, { site, dryRun }), { site, dryRun })
    })
}
