import type { Command } from 'commander'
import { join, resolve } from 'node:path'
import { unpackImage } from '../image/unpack.ts'
import { globals, placeHere } from './context.ts'
import { openLine, size } from './image-progress.ts'
import { labelOf, openImages, untilStopped, versionNamed } from './image-store.ts'
import { show } from './print.ts'

const help = `
When no directory is named, it is the one that the rsync module of that image serves (systemimager.rsync in birnam.yaml).`

export function addUnpack(image: Command): void {
  image
    .command('unpack <image> [dir]')
    .description('make the tree of a version in an empty directory of this host')
    .addHelpText('after', help)
    .action((name: string, dir: string | undefined, _options, command: Command) => run(name, dir, command))
}

async function run(name: string, dir: string | undefined, command: Command): Promise<void> {
  const { json } = globals(command)
  const images = openImages(command)
  const version = await versionNamed(images, name)
  const directory =
    dir === undefined ? join(placeHere(command).data, 'trees', version.name.split('/').at(-1)!) : resolve(dir)
  await untilStopped(async (signal) => {
    using line = openLine(process.stderr, json)
    await unpackImage(images.store, version, directory, {
      signal,
      onBytes: (read, of) => line.write(() => `unpacking ${size(read)} of ${size(of)}`),
    })
  })
  show({ image: labelOf(version), directory }, json, () => `${labelOf(version)} is in ${directory}`)
}
