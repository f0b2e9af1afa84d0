import type { Command } from 'commander'
import { importDhcpd } from '../takeover/dhcpd/import.ts'
import { importPlace, showTaken } from './import-report.ts'

/** `import dhcpd`: subnets, ranges and hosts. */
export function addImportDhcpd(imports: Command): void {
  imports
    .command('dhcpd <file>')
    .description('subnets, ranges and hosts of ISC dhcpd (its dhcpd.conf, and what that includes)')
    .option('--dry-run', 'only tell')
    .action((file: string, { dryRun = false }: { readonly dryRun?: boolean }, command: Command) => {
      const { site } = importPlace(command)
      showTaken(command, importDhcpd(file, { site, dryRun }), { site, dryRun })
    })
}
