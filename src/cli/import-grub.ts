import type { Command } from 'commander'
import { importGrub } from '../takeover/grub/import.ts'
import { importPlace, showTaken } from './import-report.ts'

/** `import grub`: machines, profiles, kernels. */
export function addImportGrub(imports: Command): void {
  imports
    .command('grub <dir>')
    .description('menus, kernels and machines of a TFTP root with a grub.cfg')
    .option('--dry-run', 'only tell')
    .action((dir: string, { dryRun = false }: { readonly dryRun?: boolean }, command: Command) => {
      const { site } = importPlace(command)
      showTaken(command, importGrub(dir, { site, dryRun }), { site, dryRun })
    })
}
