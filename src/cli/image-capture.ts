import type { Command } from 'commander'
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Fault } from '../fault.ts'
import { capture, type Captured } from '../image/capture.ts'
import { openDirectory, openSsh } from '../image/capture-machine.ts'
import type { CaptureSource } from '../image/capture-source.ts'
import { openTarball } from '../image/capture-tarball.ts'
import { named } from '../image/compare.ts'
import type { CaptureOffer } from '../api/capture-desk.ts'
import { globals, placeHere, several, withApi } from './context.ts'
import { openLine, progressText, size } from './image-progress.ts'
import { labelOf, openImages, untilStopped } from './image-store.ts'
import { refuseWrongPlace } from './other-server.ts'
import { count, dated, fetching, show } from './print.ts'

interface CaptureFlags {
  readonly as: string
  readonly checksum?: boolean
  readonly full?: boolean
  readonly keep: readonly string[]
  readonly exclude: readonly string[]
  readonly level?: string
  readonly message?: string
  readonly port?: string
  readonly identity?: string
  readonly sshOption: readonly string[]
  readonly sudo?: boolean
  readonly root?: string
}

const examples = `
Examples:
  birnam image capture root@porter --as porter      the running machine, over ssh
  birnam image capture /srv/tree --as porter        a directory of this host
  birnam image capture ./porter.tar.zst --as porter a tarball, whatever it is compressed with

Captured again, the next version is one layer of what changed. What makes a clone wrong is left out:
birnam image rules lists it.`

export function addCapture(image: Command): void {
  image
    .command('capture <from>')
    .description('make the next version of an image from a machine (ssh), a directory or a tarball')
    .requiredOption('--as <image>', 'the name; NAME:TAG gives the version that tag instead of the next number')
    .option('--checksum', 'compare contents too, not only what a listing tells')
    .option('--full', 'begin anew with one layer of everything')
    .option('--keep <rule>', 'do not use this rule (may be repeated)', several, [])
    .option('--exclude <pattern>', 'leave this out as well (may be repeated)', several, [])
    .option('--level <1-19>', 'of zstd; when not given 3, or 1 while the processor is slower than the source')
    .option('--message <text>', 'a description, kept in the version')
    .option('--port <number>', 'of ssh')
    .option('--identity <file>', 'the key for ssh')
    .option('--ssh-option <option>', 'as after ssh -o (may be repeated)', several, [])
    .option('--sudo', 'become root there by sudo -n')
    .option('--root <dir>', 'only this directory of the machine')
    .addHelpText('after', examples)
    .action((from: string, flags: CaptureFlags, command: Command) => run(from, flags, command))
  image
    .command('capture-script')
    .description('a command that a machine runs itself to be captured: for those that nobody may log in to from here')
    .requiredOption('--as <image>', 'the name; NAME:TAG gives the version that tag instead of the next number')
    .option('--keep <rule>', 'do not use this rule (may be repeated)', several, [])
    .option('--exclude <pattern>', 'leave this out as well (may be repeated)', several, [])
    .action((wish: Pick<CaptureFlags, 'as' | 'keep' | 'exclude'>, command: Command) => offerScript(wish, command))
}

function offerScript(wish: Pick<CaptureFlags, 'as' | 'keep' | 'exclude'>, command: Command): Promise<void> {
  return withApi(command, async (api) => {
    const offer = await api.post<CaptureOffer>('/api/images/capture-script', wish)
    show(offer, globals(command).json, () =>
      [
        `Run this on the machine as root, once, before ${dated(offer.expiresAt)} UTC:`,
        `  ${fetching(offer.url)} | sh`,
      ].join('\n'),
    )
  })
}

async function run(from: string, flags: CaptureFlags, command: Command): Promise<void> {
  const { json } = globals(command)
  await refuseWrongPlace(placeHere(command))
  const images = openImages(command)
  const captured = await untilStopped(async (signal) => {
    using line = openLine(process.stderr, json)
    await using source = openSource(from, flags, signal)
    let packedSince = 0
    return await capture(images.store, source, {
      as: flags.as,
      keep: flags.keep,
      exclude: flags.exclude,
      checksum: flags.checksum ?? false,
      full: flags.full ?? false,
      cache: images.cache,
      signal,
      ...(flags.level !== undefined && { level: numberOf(flags.level, 1, 19, '--level') }),
      ...(flags.message !== undefined && { description: flags.message }),
      onProgress: (progress) => {
        if (progress.step === 'pack') packedSince ||= performance.now()
        line.write(() => progressText(progress, performance.now() - packedSince))
      },
    })
  })
  show(viewOf(captured), json, () => textOf(captured, flags.as))
}

function numberOf(text: string, least: number, most: number, option: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw new Fault('request-invalid', `${option} ${text}: write a number from ${least} to ${most}`)
}

/** What holds a slash is of this host, since no host's name does; so is a dot. Anything else is a host. */
function openSource(from: string, flags: CaptureFlags, signal: AbortSignal): CaptureSource {
  if (from.includes('/') || from === '.' || from === '..') {
    const path = resolve(from)
    return isDirectory(path) ? openDirectory(path, signal) : openTarball(path)
  }
  const { port, identity, sshOption, sudo, root } = flags
  return openSsh(
    {
      host: from,
      options: sshOption,
      interactive: process.stdin.isTTY,
      ...(port !== undefined && { port: numberOf(port, 1, 65535, '--port') }),
      ...(identity !== undefined && { identity }),
      ...(sudo && { become: 'sudo -n' }),
      ...(root !== undefined && { root }),
    },
    signal,
  )
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function viewOf({ version, previous, ...rest }: Captured): object {
  return {
    version: version && { name: version.name, tags: version.tags, digest: version.digest },
    previous: previous && { name: previous.name, tags: previous.tags, digest: previous.digest },
    ...rest,
  }
}

function textOf(captured: Captured, as: string): string {
  const { version, previous, added, changed, removed, packed, unpacked, leftOut, unsteady, vanished, notes } = captured
  const lines = notes.slice(0, 20)
  if (notes.length > 20) lines.push(`… and ${notes.length - 20} more of these`)
  if (unsteady.length > 0) lines.push(`Changed while they were read, may be half old and half new: ${named(unsteady)}`)
  if (vanished.length > 0) lines.push(`Gone before they could be read: ${named(vanished)}`)
  if (!version)
    return [...lines, `Nothing has changed since ${previous ? labelOf(previous) : as}: no new version.`].join('\n')
  const left = Object.entries(leftOut).map(([rule, paths]) => `${rule} ${paths}`)
  if (left.length > 0) lines.push(`Left out by rules: ${left.join(', ')}`)
  const layer = `a layer of ${size(packed)} (${size(unpacked)} unpacked)`
  const what = previous
    ? `${added} added, ${changed} changed, ${removed} removed since ${labelOf(previous)}`
    : count(added, 'file')
  return [...lines, `${labelOf(version)}: ${what}; ${layer}`].join('\n')
}
