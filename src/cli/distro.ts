import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { readSite } from '../config/read.ts'
import type { Progress } from '../distro/copy.ts'
import { distrosAt, openDistros } from '../distro/distros.ts'
import { importDistro, type ImportWish } from '../distro/import.ts'
import type { Manifest } from '../distro/manifest.ts'
import { Place } from '../distro/place.ts'
import { Fault } from '../fault.ts'
import { globals, placeHere, several } from './context.ts'
import { openLine, size, timeLeft } from './image-progress.ts'
import { untilStopped } from './image-store.ts'
import { refuseWrongPlace } from './other-server.ts'
import { count, dated, paint, plain, show, table } from './print.ts'

interface ImportFlags {
  readonly as?: string
  readonly kernel?: string
  readonly initrd: readonly string[]
  readonly family?: string
  readonly version?: string
  readonly arch?: string
  readonly tree?: string
  readonly keyring: readonly string[]
}

const examples = `
Examples:
  birnam distro import Rocky-9.6-x86_64-dvd.iso          kernel, initrd and all packages
  birnam distro import netboot.tar.gz --tree http://deb.debian.org/debian
  birnam distro import http://deb.debian.org/debian/dists/trixie
                                                         kernel and initrd; packages stay where they are
  birnam distro import debian-13.1.0-amd64-DVD-1.iso --kernel netboot/linux --initrd netboot/initrd.gz

A profile names it: distro: rocky-9.6. A running server knows it at once.`

/** `distro …`: distributions from their ISOs and mirrors. */
export function addDistro(program: Command): void {
  const distro = program.command('distro').description('distributions to install: import, list, refresh')
  addImport(distro)
  distro
    .command('ls')
    .description('what was imported, and what vouches for it')
    .action((_options, command: Command) => {
      const all = manifests(command)
      show(all, globals(command).json, () => listText(all))
    })
  distro
    .command('show <name>')
    .description('where it came from, what was checked and what was not')
    .action((name: string, _options, command: Command) => {
      const found = named(command, name)
      show(found, globals(command).json, () => text(found))
    })
  distro
    .command('refresh <name>')
    .description('import it again from where it came; machines get the old one until the new one is whole')
    .action((name: string, _options, command: Command) => {
      const { source } = named(command, name)
      return bring(command, { ...source, as: name, replace: true })
    })
  distro
    .command('rm <name...>')
    .description('take it away; not while profiles name it')
    .option('--force', 'also while profiles name it')
    .action((names: string[], options: { force?: boolean }, command: Command) => remove(names, options, command))
}

function addImport(distro: Command): void {
  distro
    .command('import <iso|dir|url>')
    .description('take kernel, initrd and packages from an ISO, a directory, a netboot archive or a URL')
    .option('--as <name>', 'the name; when not given, that of the distribution and its version')
    .option('--kernel <path>', 'instead of its own: inside of it, or a file of this host')
    .option('--initrd <path>', 'with --kernel (may be repeated)', several, [])
    .option('--family <family>', 'who reads the answers: where nothing says it, or says it wrong')
    .option('--version <version>', 'the same of the version; of a mirror that has several, which')
    .option('--arch <arch>', 'x86_64, arm64: of a mirror that has several, which')
    .option('--tree <url>', 'where packages are; then those inside are not copied')
    .option(
      '--keyring <file>',
      'the keys of the distribution, besides those of this host (may be repeated)',
      several,
      [],
    )
    .addHelpText('after', examples)
    .action((from: string, flags: ImportFlags, command: Command) => bring(command, wishOf(from, flags)))
}

/** Paths are kept whole, so that a refresh finds them from anywhere. */
function wishOf(from: string, { keyring, kernel, initrd, tree, ...rest }: ImportFlags): ImportWish {
  if (tree !== undefined && !/^(?:https?|ftp|nfs):\/\/\S+$/.test(tree))
    throw new Fault('request-invalid', `--tree ${tree} is no URL`, {
      hint: 'write it like http://deb.debian.org/debian',
    })
  const whole = (path: string): string => (existsSync(path) ? resolve(path) : path)
  return {
    ...rest,
    from: /^https?:\/\//.test(from) ? from : resolve(from),
    ...(kernel !== undefined && { kernel: whole(kernel) }),
    initrd: initrd.map(whole),
    ...(tree !== undefined && { tree }),
    keyrings: keyring.map((file) => resolve(file)),
  }
}

async function bring(command: Command, wish: ImportWish): Promise<void> {
  const { json } = globals(command)
  const { data, site } = placeHere(command)
  await refuseWrongPlace(placeHere(command))
  const manifest = await untilStopped(async (signal) => {
    using line = openLine(process.stderr, json)
    let step: Progress['step'] | undefined
    let since = 0
    return await importDistro(wish, {
      place: new Place(distrosAt(data)),
      now: Date.now(),
      signal,
      onProgress: (progress) => {
        if (progress.step !== step) since = performance.now()
        step = progress.step
        line.write(() => progressText(progress, performance.now() - since))
      },
    })
  })
  const own = siteOwn(site, manifest.name)
  const notes = own === undefined ? manifest.notes : [...manifest.notes, own]
  show(
    { ...manifest, notes },
    json,
    () => `${text({ ...manifest, notes })}\nA profile names it with distro: ${manifest.name}`,
  )
}

/** A distro that the site writes is stronger than an imported one. */
function siteOwn(site: string, name: string): string | undefined {
  const written = readSite(site).site?.distros.find((distro) => distro.name === name)
  return (
    written &&
    `the site has a distro ${name} of its own (${written.origin.file}:${written.origin.line}), and machines get that one`
  )
}

const words = { fetch: 'fetching', check: 'checking', copy: 'copying' } as const

/** `copying 1.2 GB of 8.4 GB, 412 of 5013 files, about 40 s left: Packages/b/bash.rpm` */
export function progressText({ step, bytes, ofBytes, files, ofFiles, path }: Progress, since: number): string {
  const of = ofBytes === undefined ? '' : ` of ${size(ofBytes)}`
  const left = ofBytes === undefined || ofBytes === 0 ? '' : timeLeft(bytes / ofBytes, since)
  const many = files === undefined ? '' : `, ${files} of ${ofFiles} files`
  return `${words[step]} ${size(bytes)}${of}${many}${left}: ${plain(path.slice(-60))}`
}

function manifests(command: Command): readonly Manifest[] {
  const distros = openDistros(distrosAt(placeHere(command).data))
  return distros.names().map((name) => distros.find(name)!.manifest)
}

function named(command: Command, name: string): Manifest {
  const all = manifests(command)
  const found = all.find((one) => one.name === name)
  if (found) return found
  const hint =
    all.length === 0 ? 'birnam distro import brings the first' : `there are: ${all.map((one) => one.name).join(', ')}`
  throw new Fault('distro-missing', `no imported distro ${name}`, { hint })
}

const trust = { signed: 'signed', checksum: 'checksum', unchecked: 'unchecked' } as const

function listText(all: readonly Manifest[]): string {
  if (all.length === 0) return 'No distros yet: birnam distro import ISO|DIR|URL brings the first.'
  const rows = all.map(({ name, family, release, arch, bytes, importedAt, trust: how, label }) => [
    name,
    family,
    release,
    arch,
    size(bytes),
    trust[how],
    dated(importedAt),
    plain(label),
  ])
  return table([['NAME', 'FAMILY', 'VERSION', 'ARCH', 'SIZE', 'CHECKED', 'IMPORTED (UTC)', 'IS'], ...rows])
}

function text(manifest: Manifest): string {
  const { name, label, family, release, arch, kernel, kernelVersion, initrd, tree, source, files, bytes, importedAt } =
    manifest
  const rows = [
    ['is', `${plain(label)} (${family} ${release}, ${arch})`],
    ['kernel', kernelVersion === undefined ? kernel : `${kernel}: Linux ${kernelVersion}`],
    ['initrd', initrd.join(' ') || '-'],
    ['packages', tree === undefined ? 'none' : /^[a-z]+:\/\//.test(tree) ? tree : `http://SERVER/d/${name}/${tree}`],
    ['from', plain(source.from)],
    ['holds', `${count(files, 'file')}, ${size(bytes)}, imported ${dated(importedAt)} UTC`],
  ].map(([key, value]) => `${key!.padEnd(9)}${value}`)
  const checks = manifest.checks.map(
    ({ result, what }) => `${result === 'none' ? 'not checked' : 'checked'}: ${plain(what)}`,
  )
  const notes = manifest.notes.map((note) => `${paint('yellow', 'note')}: ${plain(note)}`)
  return [paint('bold', name), ...rows, ...checks, ...notes].join('\n')
}

async function remove(
  names: readonly string[],
  { force = false }: { force?: boolean },
  command: Command,
): Promise<void> {
  const { data, site } = placeHere(command)
  await refuseWrongPlace(placeHere(command))
  const place = new Place(distrosAt(data))
  for (const name of names) {
    named(command, name)
    if (!force) refuseUsed(site, name)
  }
  for (const name of names) {
    await using _ = await place.lock(name)
    await place.remove(name)
  }
  await place.sweep(Date.now())
  show(names, globals(command).json, () => `${names.join(', ')}: taken away`)
}

/** Also of a site that does not read: nobody knows what it names. */
function refuseUsed(site: string, name: string): void {
  const { site: read } = readSite(site)
  const users = (read?.profiles ?? []).filter((profile) => 'distro' in profile && profile.distro === name)
  const own = read?.distros.some((distro) => distro.name === name) ?? false
  if (read && (own || users.length === 0)) return
  const why = read
    ? `profiles name it: ${users.map((profile) => profile.name).join(', ')}`
    : 'the site has errors, so nobody knows whether profiles name it'
  throw new Fault('distro-busy', `${name} stays: ${why}`, { hint: 'change them first, or use --force' })
}
