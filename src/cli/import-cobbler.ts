import type { Command } from 'commander'
import { join, resolve } from 'node:path'
import { importCobbler } from '../cobbler/import.ts'
import { refuseOther } from '../takeover/recognise.ts'
import { firstDirectory, importPlace, oldDirectory, showTaken } from './import-report.ts'
import { count } from './print.ts'

interface Flags {
  readonly etc?: string
  readonly distroMirror?: string
  readonly dryRun?: boolean
}

/** `import cobbler DIR`. */
export function addImportCobbler(imports: Command): void {
  imports
    .command('cobbler <dir>')
    .description('distros, profiles, systems, templates and snippets of a Cobbler server (its /var/lib/cobbler)')
    .option('--etc <dir>', 'its /etc/cobbler; when not given, the one that stands where it should beside <dir>')
    .option(
      '--distro-mirror <dir>',
      'its distro_mirror, when kernels do not lie below the root of <dir> or on this machine',
    )
    .option('--dry-run', 'only tell')
    .action((dir: string, flags: Flags, command: Command) => run(dir, flags, command))
}

function run(dir: string, { etc, distroMirror, dryRun = false }: Flags, command: Command): void {
  const { site } = importPlace(command)
  refuseOther(dir, 'cobbler')
  const base = oldDirectory(dir, 'name the /var/lib/cobbler of the old server')
  const mirror =
    distroMirror === undefined ? {} : { mirror: oldDirectory(distroMirror, 'name its /var/www/cobbler/distro_mirror') }
  const report = importCobbler({ base, ...etcOf(base, etc), ...mirror, site, dryRun })
  showTaken(command, report, { site, dryRun, counts: [count(report.templates, 'template')] })
}

/** etc/cobbler of the root that DIR is var/lib/cobbler of. */
function etcOf(base: string, named: string | undefined): { readonly etc?: string } {
  if (named !== undefined) return { etc: oldDirectory(named, 'name the /etc/cobbler of the old server') }
  const isUsual = base.endsWith(join('var', 'lib', 'cobbler'))
  const etc = isUsual ? firstDirectory(resolve(base, '../../../etc/cobbler')) : undefined
  return etc === undefined ? {} : { etc }
}
