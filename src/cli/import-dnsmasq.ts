import type { Command } from 'commander'
import { importDnsmasq } from '../takeover/dnsmasq/import.ts'
import { importPlace, showTaken } from './import-report.ts'

/** `import dnsmasq`: subnets, ranges and machines. */
export function addImportDnsmasq(imports: Command): void {
  imports
    .command('dnsmasq <file>')
    .description('ranges and hosts of dnsmasq (its dnsmasq.conf, and what that includes in its directory)')
    .option('--dry-run', 'only tell')
    .action((file: string, { dryRun = false }: { readonly dryRun?: boolean }, command: Command) => {
      const { site } = importPlace(command)
      showTaken(command, importDnsmasq(file, { site, dryRun }), { site, dryRun })
    })
}
