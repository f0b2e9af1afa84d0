import type { Command } from 'commander'
import { importKea } from '../takeover/kea/import.ts'
import { importPlace, showTaken } from './import-report.ts'

/** `import kea`: subnets, ranges and machines. */
export function addImportKea(imports: Command): void {
  imports
    .command('kea <file>')
    .description('subnets, pools and reservations of Kea (its kea-dhcp4.conf, and what that includes)')
    .option('--dry-run', 'only tell')
    .action((file: string, { dryRun = false }: { readonly dryRun?: boolean }, command: Command) => {
      const { site } = importPlace(command)
      showTaken(command, importKea(file, { site, dryRun }), { site, dryRun })
    })
}
