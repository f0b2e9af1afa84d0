import type { Command } from 'commander'
import type { GcResult } from '../image/gc.ts'
import { rules, type Rule } from '../image/rules.ts'
import { squash } from '../image/squash.ts'
import { annotation } from '../image/oci.ts'
import type { ImageVersion } from '../image/store.ts'
import { globals, placeHere, withApi } from './context.ts'
import { addCapture } from './image-capture.ts'
import { addDiff } from './image-diff.ts'
import { addUnpack } from './image-unpack.ts'
import { openLine, size } from './image-progress.ts'
import { labelOf, openImages, untilStopped, versionNamed } from './image-store.ts'
import { refuseWrongPlace } from './other-server.ts'
import { dated, paint, show, table } from './print.ts'

/** `image …`: golden images and their versions. */
export function addImage(program: Command): void {
  const image = program.command('image').description('golden images: capture, list, compare, verify')
  addCapture(image)
  image
    .command('ls [name]')
    .description('images and their versions')
    .action(async (name: string | undefined, _options, command: Command) => {
      const versions = await openImages(command).store.list(name)
      show(versions.map(rowOf), globals(command).json, () => listText(versions))
    })
  image
    .command('show <image>')
    .description('one version: its layers, where it came from, how it grew')
    .action((name: string, _options, command: Command) => showOne(name, command))
  addDiff(image)
  image
    .command('rules')
    .description('what a capture leaves out, and why')
    .action((_options, command: Command) => show(rules, globals(command).json, rulesText))
  addUnpack(image)
  addKeeping(image)
}

/** `verify`, `tag`, `rm`, `gc`, `squash`. */
function addKeeping(image: Command): void {
  image
    .command('verify')
    .description('read every byte of every image again; exit 1 when one is not what it should be')
    .action((_options, command: Command) => verify(command))
  image
    .command('tag <image> <tag>')
    .description('give a version one more name')
    .action(async (name: string, tag: string, _options, command: Command) => {
      await refuseWrongPlace(placeHere(command))
      const images = openImages(command)
      const found = await versionNamed(images, name)
      const kept = await images.store.manifest({ name: found.name, digest: found.digest })
      const version = await images.store.put(found.name, tag, kept!.bytes)
      show(rowOf(version), globals(command).json, () => `${version.name}:${tag} is ${version.digest}`)
    })
  image
    .command('rm <image...>')
    .description('take versions away by their names; gc gives the space back')
    .action((names: string[], _options, command: Command) => remove(names, command))
  image
    .command('gc')
    .description('remove the layers that no version needs')
    .option('--dry-run', 'only tell')
    .action((options: { dryRun?: boolean }, command: Command) => gc(options.dryRun ?? false, command))
  image
    .command('squash <image>')
    .description('make a version of one layer that has the same files')
    .option('--tag <tag>', 'instead of the next number')
    .action((name: string, options: { tag?: string }, command: Command) => squashOne(name, options.tag, command))
}

function rowOf(version: ImageVersion): object {
  const { name, tags, digest, manifest, createdAt } = version
  return {
    name,
    tags,
    digest,
    layers: manifest.layers.length,
    size: sizeOf(version),
    createdAt,
    source: sourceOf(version),
  }
}

function sizeOf({ manifest }: ImageVersion): number {
  return manifest.layers.reduce((sum, layer) => sum + layer.size, 0)
}

function sourceOf({ manifest }: ImageVersion): string | undefined {
  return manifest.annotations?.[annotation.source]
}

function listText(versions: readonly ImageVersion[]): string {
  if (versions.length === 0) return 'No images yet: birnam image capture HOST --as NAME makes the first.'
  const rows = versions.map((version) => [
    version.name,
    version.tags.join(' ') || '-',
    String(version.manifest.layers.length),
    size(sizeOf(version)),
    dated(version.createdAt),
    sourceOf(version) ?? '-',
  ])
  return table([['NAME', 'VERSION', 'LAYERS', 'SIZE', 'MADE (UTC)', 'FROM'], ...rows])
}

async function showOne(name: string, command: Command): Promise<void> {
  const images = openImages(command)
  const found = await versionNamed(images, name)
  // All its names, and when it was made.
  const version = (await images.store.list(found.name)).find(({ digest }) => digest === found.digest) ?? found
  const config = await images.store.config(version)
  const layers = version.manifest.layers.map(({ digest, size: bytes, mediaType, annotations }) => ({
    digest,
    size: bytes,
    mediaType,
    unpacked: Number(annotations?.[annotation.unpacked]) || undefined,
  }))
  const history = config.history ?? []
  show({ ...rowOf(version), architecture: config.architecture, layers, history }, globals(command).json, () =>
    [
      paint('bold', labelOf(version)),
      `digest   ${version.digest}`,
      `tags     ${version.tags.join(' ') || '-'}`,
      `made     ${dated(version.createdAt)} UTC`,
      `from     ${sourceOf(version) ?? '-'}`,
      `size     ${size(sizeOf(version))}, ${config.os}/${config.architecture}`,
      ...layers.map(
        ({ digest, size: bytes, unpacked }, index) =>
          `layer ${String(index + 1).padEnd(2)} ${digest} ${size(bytes)}${unpacked ? ` (${size(unpacked)} unpacked)` : ''}${history[index]?.created_by ? `: ${history[index].created_by}` : ''}`,
      ),
    ].join('\n'),
  )
}

function rulesText(): string {
  const rows = Object.entries<Rule>(rules).map(([name, { why, fresh }]) => [name, fresh ? `${why} (${fresh})` : why])
  return table([['RULE', 'WHY'], ...rows])
}

async function verify(command: Command): Promise<void> {
  const { json } = globals(command)
  const result = await untilStopped(async (signal) => {
    using line = openLine(process.stderr, json)
    return await openImages(command).verify({
      signal,
      onProgress: ({ bytes, total }) => line.write(() => `reading ${size(bytes)} of ${size(total)}`),
    })
  })
  show(result, json, () => {
    const head = `${result.checked} blobs, ${size(result.bytes)}: ${result.broken.length === 0 ? 'all as they were written' : `${result.broken.length} broken`}`
    return [
      head,
      ...result.broken.map(
        ({ digest, why, neededBy }) => `${digest} ${why}, needed by ${neededBy.join(', ') || 'nothing'}`,
      ),
    ].join('\n')
  })
  if (result.broken.length > 0) process.exitCode = 1
}

function remove(names: readonly string[], command: Command): Promise<void> {
  return withApi(command, async (api) => {
    const done = await api.post<readonly string[]>('/api/images/remove', { names })
    show(done, globals(command).json, () => `${done.join(', ')}: taken away. birnam image gc gives the space back.`)
  })
}

function gc(dryRun: boolean, command: Command): Promise<void> {
  return withApi(command, async (api) => {
    const result = await api.post<GcResult>('/api/images/gc', { dryRun })
    show(result, globals(command).json, () => {
      const verb = dryRun ? 'would be removed' : 'removed'
      const young = result.spared.length > 0 ? `; ${result.spared.length} are new or being read, and stay for now` : ''
      return `${result.removed.length} blobs ${verb}, ${size(result.bytes)}; ${result.kept} are needed${young}`
    })
  })
}

async function squashOne(name: string, tag: string | undefined, command: Command): Promise<void> {
  const { json } = globals(command)
  await refuseWrongPlace(placeHere(command))
  const version = await untilStopped(async (signal) => {
    using line = openLine(process.stderr, json)
    const images = openImages(command)
    return await squash(images.store, await versionNamed(images, name), {
      signal,
      cache: images.cache,
      ...(tag !== undefined && { tag }),
      onBytes: (read, of) => line.write(() => `reading ${size(read)} of ${size(of)}`),
    })
  })
  show(rowOf(version), json, () => `${labelOf(version)}: one layer of ${size(sizeOf(version))}`)
}
