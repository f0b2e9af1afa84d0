import type { Command } from 'commander'
import { resolve } from 'node:path'
import type { BackupMade, Restored } from '../app/backup.ts'
import { Fault } from '../fault.ts'
import { globals, placeHere } from './context.ts'
import { refuseOtherServer, refuseWrongPlace } from './other-server.ts'
import { count, dated, plain, show } from './print.ts'

/** `backup`, `restore`: what a server knows, in one file. */
export function addBackup(program: Command): void {
  program
    .command('backup <file>')
    .description('write database, keys, image index and site into one new file, also while the server runs')
    .option('--images', 'the layers of golden images, too')
    .action(async (file: string, flags: { readonly images?: boolean }, command: Command) => {
      const place = placeHere(command)
      await refuseWrongPlace(place)
      const { makeBackup } = await import('../app/backup.ts')
      const made = await makeBackup(resolve(file), place, { images: flags.images ?? false, now: Date.now() })
      show(made, globals(command).json, () => madeText(made))
    })
  addRestore(program)
}

interface RestoreFlags {
  readonly replace?: boolean
  readonly tokens?: boolean
  readonly dataOnly?: boolean
}

function addRestore(program: Command): void {
  program
    .command('restore <file>')
    .description('put a backup into an empty data directory and an empty site; every permit that was open is withdrawn')
    .option('--replace', 'what is there already is moved aside')
    .option('--data-only', 'leave the site as it is')
    .option('--tokens', 'bring the tokens of the registry back, also those that were taken away since')
    .action(async (file: string, flags: RestoreFlags, command: Command) => {
      const place = placeHere(command)
      if (place.example) throw noSite()
      await refuseOtherServer(place)
      const { restoreBackup } = await import('../app/backup.ts')
      const { replace = false, tokens = false, dataOnly = false } = flags
      const restored = await restoreBackup(resolve(file), place, { replace, tokens, dataOnly, now: Date.now() })
      show(restored, globals(command).json, () => restoredText(place.data, restored))
    })
}

function madeText({ file, images, distros, leftOut, open }: BackupMade): string {
  const lines = [`${file}: database, keys, image index${images ? ', layers' : ''} and site.`]
  if (!images) lines.push('Without the layers of golden images: --images takes them along.')
  if (distros.length > 0) lines.push(`Without the imported distributions: ${names(distros.map(({ name }) => name))}.`)
  if (leftOut.length > 0)
    lines.push(`Left out, since no backup can hold them or they lead out of the site: ${names(leftOut)}.`)
  if (open.length > 0)
    lines.push(`Its permits are withdrawn in the backup, and here they are as they were: ${names(open)}.`)
  return lines.join('\n')
}

function restoredText(data: string, { manifest, withdrawn, tokens, aside }: Restored): string {
  const lines = [
    `${data} is as it was at ${dated(manifest.madeAt)} UTC. Boot sessions and URLs of before open nothing any more.`,
  ]
  if (Date.now() < manifest.madeAt) lines.push('That is later than what the clock says now: one of the two was wrong.')
  if (withdrawn.length > 0)
    lines.push(`Withdrawn: ${names(withdrawn)}. What is still wanted is armed again with birnam reinstall NAME.`)
  if (tokens.length > 0)
    lines.push(
      `Not brought back: ${count(tokens.length, 'token')} of the registry (${names(tokens)}): birnam token create NAME makes others.`,
    )
  if (!manifest.images)
    lines.push(
      'Without the layers of golden images: put images/blobs of the old data directory back, or capture again; birnam image verify tells what is missing.',
    )
  for (const { name, from } of manifest.distros.slice(0, 20))
    lines.push(`birnam distro import ${plain(from)} --as ${plain(name)}`)
  lines.push('birnam imager build makes what installs golden images.')
  return [...lines, ...aside.map((path) => `What was there before is in ${path}`)].join('\n')
}

function names(all: readonly string[]): string {
  const more = all.length > 20 ? `, and ${all.length - 20} more` : ''
  return `${all.slice(0, 20).map(plain).join(', ')}${more}`
}

function noSite(): Fault {
  return new Fault('request-invalid', 'nobody named the site that is to be restored', {
    hint: 'name an empty directory with --site DIR, and one for the data with --data DIR',
  })
}
