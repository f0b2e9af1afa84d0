import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { distro as shape } from '../config/schema.ts'
import { Fault } from '../fault.ts'
import { checkOf, told } from './beside.ts'
import { Expected, type Progress } from './copy.ts'
import { isName } from './distros.ts'
import { keepBoot, type Boot } from './keep-boot.ts'
import { keepTree, type KeptTree } from './keep-tree.ts'
import { readManifest, type Check, type Manifest, type Source } from './manifest.ts'
import { matchKernel } from './match.ts'
import { openMedium, type Medium } from './medium.ts'
import type { Place } from './place.ts'
import { recognise, unrecognised } from './recognise.ts'
import { archOf, type Recognised, type Signature, type Verify } from './recognised.ts'
import { openVerify } from './signature.ts'
import { invalid } from './tree.ts'

export interface ImportWish extends Omit<Source, 'kind'> {
  /** The name; else what the distribution is called. */
  readonly as?: string
  /** Whether one of that name may be there: it is replaced in one step. */
  readonly replace?: boolean
}

export interface ImportOptions {
  readonly place: Place
  /** Milliseconds since 1970. */
  readonly now: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/**
 * Takes kernel, initrd and packages of a distribution into the data directory. Nothing of it is visible before all of it is there and on the disk; what
 * is stopped, fails or is killed leaves nothing visible.
 */
export async function importDistro(wish: ImportWish, options: ImportOptions): Promise<Manifest> {
  const { place, now, signal } = options
  checkWish(wish)
  await place.sweep(now)
  if (wish.as !== undefined) refuseDouble(place, wish.as, wish)
  await using early = wish.as === undefined ? undefined : await place.lock(wish.as)
  await using staging = await place.staging()
  const verify = openVerify(wish.keyrings)
  const unpackInto = join(staging.path, 'unpacked')
  await using medium = await openMedium(wish.from, { ...options, verify, downloads: place.directory, unpackInto })
  const found = await recogniseAs(medium, wish, verify)
  const name = wish.as ?? found.name
  await using _late = early ? undefined : await place.lock(name)
  refuseDouble(place, name, wish)
  const expected = new Expected(medium.tree, found.lists)
  const keeping = { ...options, into: staging.path, expected }
  const tree = await keepTree(medium, found, wish.tree, keeping)
  const boot = await keepBoot(medium.tree, found, wish, keeping)
  const match = await matchKernel(
    join(staging.path, boot.kernel.name),
    boot.initrd.map((file) => join(staging.path, file.name)),
    medium.tree,
  )
  await rm(unpackInto, { recursive: true, force: true })
  signal?.throwIfAborted()
  const checks = [...medium.checks, ...checksOf(found, expected, boot)]
  const { family, version, release, arch, label } = found
  const manifest: Manifest = {
    format: 1,
    name,
    generation: nextGeneration(join(place.directory, name)),
    family,
    version,
    release,
    arch,
    label,
    kernel: boot.kernel.name,
    initrd: boot.initrd.map((file) => file.name),
    ...(tree.place !== undefined && { tree: tree.place }),
    ...(tree.place === 'tree' && found.loaders !== undefined && { loaders: `tree/${found.loaders}` }),
    ...(match.version !== undefined && { kernelVersion: match.version }),
    source: sourceOf(wish, medium.kind),
    ...sizesOf(tree, boot),
    digests: digestsOf(medium, boot),
    importedAt: now,
    trust: trustOf(medium, boot, expected),
    checks,
    notes: [
      ...found.notes,
      ...(wish.tree === undefined ? [found.lacks ?? []].flat() : []),
      ...boot.notes,
      ...match.notes,
    ],
  }
  await place.land(staging, manifest)
  await medium.forget()
  return manifest
}

function checkWish({ as, family, kernel, initrd }: ImportWish): void {
  if (as !== undefined && !isName(as)) {
    const hint = 'letters, digits, dots, dashes and underscores, beginning with a letter or digit'
    throw new Fault('request-invalid', `${as} is no name for a distro`, { hint })
  }
  if (family !== undefined && !families().includes(family))
    throw new Fault('request-invalid', `there is no family ${family}`, { hint: `one of ${families().join(', ')}` })
  if (kernel === undefined && initrd.length > 0)
    throw new Fault('request-invalid', 'an initrd without its kernel', {
      hint: 'name both: --kernel PATH --initrd PATH',
    })
}

function families(): readonly string[] {
  return shape.shape.family.options
}

function refuseDouble(place: Place, name: string, { replace }: ImportWish): void {
  if (!isName(name)) throw invalid(`it calls itself ${name}, which is no name for a distro`, 'name it with --as')
  const there = readManifest(join(place.directory, name))
  if (!there || replace) return
  throw new Fault('request-invalid', `there is a distro ${name} already: ${there.label}`, {
    hint: `birnam distro refresh ${name} imports it again; or give this one another name with --as`,
  })
}

/** What the tree says, under what the operator says. */
async function recogniseAs(medium: Medium, wish: ImportWish, verify: Verify): Promise<Recognised> {
  const { version, arch, family } = wish
  const said = { ...(version !== undefined && { version }), ...(arch !== undefined && { arch: archOf(arch) }) }
  const suite = medium.suite === undefined ? {} : { suite: medium.suite }
  const found = await recognise(medium.tree, { ...said, ...suite, isMedium: medium.file !== undefined, verify })
  if (!found) return byHand(medium, wish)
  const changed: Recognised = { ...found, ...said, ...(family !== undefined && { family }) }
  if (!families().includes(changed.family)) {
    const hint = `name another with --family: ${families().join(', ')}`
    throw invalid(`${found.label} is of the family ${found.family}, for which this Birnam writes no answers`, hint)
  }
  if (changed.kernel === undefined && wish.kernel === undefined) {
    const hint = 'name one with --kernel PATH --initrd PATH: inside of it, or on this host'
    throw invalid(`${found.label} has no kernel that boots from the network`, hint)
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(changed.version))
    throw invalid(`${found.label} does not say its version`, 'say it with --version')
  return changed
}

function byHand({ tree }: Medium, { as, family, version, kernel, arch }: ImportWish): Recognised {
  if (as === undefined || family === undefined || version === undefined || kernel === undefined)
    throw unrecognised(tree)
  const label = `${tree.name}, named by hand`
  const own = { name: as, label, family, version, release: version, arch: archOf(arch ?? 'x86_64') }
  return { ...own, initrd: [], keep: 'tree', lists: [], notes: [] }
}

/** What was held against a list, and what nobody could look at. */
function checksOf(found: Recognised, expected: Expected, boot: Boot): readonly Check[] {
  const checks = found.lists
    .filter((list) => expected.held(list) > 0)
    .map((list) => {
      const files = expected.held(list)
      const what = `${files} ${files === 1 ? 'file is' : 'files are'} as ${list.file} says${told(list.signature)}`
      return { ...checkOf(list.signature), what }
    })
  const foreign = [boot.kernel, ...boot.initrd].filter(({ isForeign }) => isForeign).map(({ name }) => name)
  return [
    ...(checks.length === 0
      ? [{ result: 'none' as const, what: 'no list of checksums in it names its files' }]
      : checks),
    ...(foreign.length === 0
      ? []
      : [{ result: 'none' as const, what: `${foreign.join(', ')}: named by hand, so no list was asked` }]),
  ]
}

/** Of kernel and initrd: what a machine believes first. */
function trustOf({ checks }: Medium, { kernel, initrd }: Boot, expected: Expected): Manifest['trust'] {
  const boot = [kernel, ...initrd]
  const every = (isSo: (signature: Signature['state'] | undefined) => boolean): boolean =>
    boot.every(({ path }) => path !== undefined && expected.of(path).some(({ list }) => isSo(list.signature.state)))
  const isWhole = boot.every(({ isForeign }) => !isForeign)
  const medium = checks.map(({ result }) => result)
  if ((isWhole && medium.includes('signed')) || every((state) => state === 'good')) return 'signed'
  return (isWhole && medium.includes('good')) || every(() => true) ? 'checksum' : 'unchecked'
}

function sizesOf(tree: KeptTree, boot: Boot): Pick<Manifest, 'files' | 'bytes'> {
  // What is in the tree already is linked, not copied.
  const own = [boot.kernel, ...boot.initrd].filter(({ isForeign }) => isForeign || tree.place !== 'tree')
  return { files: tree.files + own.length, bytes: tree.bytes + own.reduce((sum, { size }) => sum + size, 0) }
}

function digestsOf({ digest }: Medium, { kernel, initrd }: Boot): Manifest['digests'] {
  const boot = [kernel, ...initrd].map(({ name, sha256 }) => [name, sha256] as const)
  return { ...(digest !== undefined && { medium: digest }), ...Object.fromEntries(boot) }
}

function sourceOf({ as: _as, replace: _replace, ...rest }: ImportWish, kind: Source['kind']): Source {
  return { kind, ...rest }
}

function nextGeneration(home: string): number {
  const numbers = existsSync(home)
    ? readdirSync(home)
        .filter((name) => /^[1-9]\d*$/.test(name))
        .map(Number)
    : []
  return Math.max(0, readManifest(home)?.generation ?? 0, ...numbers) + 1
}
