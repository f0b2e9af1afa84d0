import type { Command } from 'commander'
import { importIpxe } from '../takeover/ipxe/import.ts'
import { importPlace, showTaken } from './import-report.ts'

/** `import ipxe`: machines, profiles, kernels. */
export function addImportIpxe(imports: Command): void {
  imports
    .command('ipxe <dir>')
    .description('scripts, kernels and machines of a directory with scripts of iPXE')
    .option('--dry-run', 'only tell')
    .action((dir: string, { dryRun = false }: { readonly dryRun?: boolean }, command: Command) => {
      const { site } = importPlace(command)
      showTaken(command, importIpxe(dir, { site, dryRun }), { site, dryRun })
    })
}
