import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openStore, openTrees } from '../app/images.ts'
import { loadSite } from '../config/read.ts'
import { defaultServer } from '../config/shape.ts'
import { Fault } from '../fault.ts'
import { capture } from '../image/capture.ts'
import { openDirectory } from '../image/capture-machine.ts'
import { annotation } from '../image/oci.ts'
import { importSystemImager, type ImportReport } from '../systemimager/import.ts'
import { refuseOther } from '../takeover/recognise.ts'
import { globals } from './context.ts'
import { openLine, progressText } from './image-progress.ts'
import { untilStopped } from './image-store.ts'
import { firstDirectory, importPlace, oldDirectory, showTaken, type Told } from './import-report.ts'
import { count } from './print.ts'

interface ImportFlags {
  readonly etc?: string
  readonly dryRun?: boolean
}

/** `import systemimager`: images, overrides, scripts and groups. */
export function addImportSystemImager(imports: Command): void {
  imports
    .command('systemimager <dir>')
    .description('images, overrides, scripts and groups of a SystemImager server (its /var/lib/systemimager)')
    .option('--etc <dir>', 'its /etc/systemimager; when not given, the one that stands where it should beside <dir>')
    .option('--dry-run', 'only tell')
    .action((dir: string, flags: ImportFlags, command: Command) => run(dir, flags, command))
}

async function run(dir: string, { etc, dryRun = false }: ImportFlags, command: Command): Promise<void> {
  const { site, data } = importPlace(command)
  refuseOther(dir, 'systemimager')
  const base = oldDirectory(dir, whose)
  const { images } = existsSync(join(site, 'birnam.yaml')) ? loadSite(site).server : defaultServer()
  const { json } = globals(command)
  const { store } = openStore(data, images)
  const cache = openTrees(data)
  const isOurs = async (name: string, from: string): Promise<boolean> => {
    const version = await store.find({ name, tag: '1' })
    if (!version) return false
    if (version.manifest.annotations?.[annotation.source] === from) return true
    const hint = 'take it away (birnam image rm), or rename the old image'
    throw new Fault('request-invalid', `there is an image ${name}:1 already, and it comes from somewhere else`, {
      hint,
    })
  }
  const report = await untilStopped(async (signal) => {
    using line = openLine(process.stderr, json)
    return await importSystemImager({
      base,
      ...etcOf(base, etc),
      site,
      dryRun,
      signal,
      mayCapture: async (name, from) => void (await isOurs(name, from)),
      capture: async (name, from) => {
        // An import that was stopped goes on where it was.
        if (await isOurs(name, from)) return
        await using source = openDirectory(from, signal)
        const began = performance.now()
        const onProgress = (progress: Parameters<typeof progressText>[0]): void =>
          line.write(() => `${name}: ${progressText(progress, performance.now() - began)}`)
        await capture(store, source, { as: `${name}:1`, keep: [], exclude: [], cache, signal, onProgress })
      },
    })
  })
  showTaken(command, report, { site, dryRun, ...own(report) })
}

const whose = 'name the /var/lib/systemimager of the old server'

/** `DIR/etc`, or etc/systemimager of the root that DIR is var/lib/systemimager of. */
function etcOf(base: string, named: string | undefined): { readonly etc?: string } {
  if (named !== undefined) return { etc: oldDirectory(named, whose) }
  const etc = firstDirectory(join(base, 'etc'), resolve(base, '../../../etc/systemimager'))
  return etc === undefined ? {} : { etc }
}

function own({ images, overrides, won }: ImportReport): Pick<Told, 'counts' | 'parts'> {
  return {
    counts: [count(images.length, 'image')],
    parts: [
      ['Images', images.map(({ name, from }) => `${name}  from ${from}`)],
      [
        'Overrides, the weakest first',
        overrides.map(
          ({ layer, from, paths }) => `overrides/${layer}  from ${from.join(', ')} (${count(paths, 'path')})`,
        ),
      ],
      [
        'Paths that several of them had',
        won.map(({ layer, path, by, over }) => `overrides/${layer}/${path}: ${by} won over ${over.join(', ')}`),
      ],
    ],
  }
}
