import type { Command } from 'commander'
import { join, resolve } from 'node:path'
import { shutToOthers } from '../app/own-directory.ts'
import { openSigner } from '../image/sign.ts'
import { buildImager, type Built } from '../imager/build.ts'

import { globals, placeHere } from './context.ts'
import { openLine, size } from './image-progress.ts'
import { refuseWrongPlace } from './other-server.ts'
import { show } from './print.ts'

interface BuildFlags {
  readonly package?: string
  readonly tree?: string
}

/** `imager build`: what machines boot that are installed from golden images. */
export function addImager(program: Command): void {
  program
    .command('imager')
    .description('the small system that installs golden images')
    .command('build')
    .description("make it from this host's kernel and tools; again after a kernel update or a new image key")
    .option('--package <name|file>', 'a Debian kernel package instead, linux-image-amd64 for instance')
    .option('--tree <dir>', 'the newest kernel of this tree instead: its boot/ and lib/modules/')
    .action((flags: BuildFlags, command: Command) => build(flags, command))
}

async function build(flags: BuildFlags, command: Command): Promise<void> {
  const { json } = globals(command)
  const { data } = placeHere(command)
  await refuseWrongPlace(placeHere(command))
  shutToOthers(data)
  const { publicKey } = openSigner(join(data, 'image-key.pem'))
  using line = openLine(process.stderr, json)
  const built = await buildImager({
    out: join(data, 'imager'),
    publicKey,
    ...(flags.package !== undefined && { package: flags.package }),
    ...(flags.tree !== undefined && { tree: resolve(flags.tree) }),
    onStep: (what) => line.write(() => what),
  })
  show(built, json, () => textOf(built, join(data, 'imager')))
}

function textOf({ kernel, modules, size: bytes, without }: Built, out: string): string {
  const lines = [`${out}: Linux ${kernel}, ${modules} drivers, ${size(bytes.vmlinuz + bytes.initrd)}`]
  if (without.length > 0)
    lines.push(`Without ${without.join(', ')}: not on this host, and only needed by profiles that name them.`)
  return lines.join('\n')
}
