import type { Machine } from '../config/site.ts'
import { inPieces, type Slices } from '../config/slices.ts'
import { Fault } from '../fault.ts'
import { goldenOf, type Golden, type House } from '../files/house.ts'
import { overridesOf } from '../files/overrides.ts'
import { excludedBy, readAskedExcludes, scopeOf } from '../files/update-scope.ts'
import type { UpdateRight } from '../files/update-token.ts'
import { readDigest } from '../image/digest.ts'
import { expectedOf, readDrift, type Concerns, type Drift } from '../image/drift.ts'
import { versionAt, type Plans } from '../image/plans.ts'
import { formatReference, parseReference } from '../image/reference.ts'
import type { ImageVersion } from '../image/store.ts'
import { packLists, packPlan } from '../image/update-pack.ts'
import type { Tree } from '../image/tree.ts'
import { treeOf } from '../image/version-tree.ts'

/** A machine that may be updated now. */
export interface Guest {
  readonly machine: Machine
  readonly right: UpdateRight
}

/** What a machine asks for, and when it does not wait any more. */
export interface Asked {
  readonly from: string
  readonly exclude: string
  readonly signal: AbortSignal
}

/** What has to be done on the machine, as a tar. Excludes are looked at before anything is compared. */
export async function planFor(
  house: House,
  plans: Plans | undefined,
  { machine, right }: Guest,
  { from, exclude, signal }: Asked,
): Promise<Buffer> {
  const golden = goldenOf(house)
  const { name } = parseReference(right.image)
  const excludes = readAskedExcludes(exclude)
  const to = await versionAt(golden.store, name, right.digest)
  const before = from === '' ? undefined : await versionSaid(golden, name, from)
  const plan = await plans!.between(before, to)
  const isExcluded = excludedBy(house, excludes)
  const overrides = overridesOf(house, machine)
    .map(({ path, kind }) => ({ path: Buffer.from(path).toString('latin1'), isDirectory: kind === 'directory' }))
    .filter(({ path, isDirectory }) => !isExcluded(path, isDirectory))
  return await inPieces(packPlan(plan, { concerns: scopeOf(house, excludes), overrides }), signal)
}

/** What the machine should be like, as a tar of lists. */
export async function expectedFor(
  house: House,
  { machine, right }: Guest,
  { from, exclude, signal, sums }: Asked & { readonly sums: boolean },
): Promise<Buffer> {
  const golden = goldenOf(house)
  const concerns = concernsOf(house, machine, exclude)
  const version = await versionSaid(golden, parseReference(right.image).name, from)
  const { tree } = await treeOf(golden.store, version, { cache: golden.trees, sums })
  return await inPieces(listsOf(tree, concerns), signal)
}

function* listsOf(tree: Tree, concerns: Concerns): Slices<Buffer> {
  const { dirs, records, names, sums } = yield* expectedOf(tree, concerns)
  return yield* packLists(new Map(Object.entries({ dirs, records, names, sums })))
}

/** A machine's own words for what it has: a digest of its `installed`, or what a person typed. */
function versionSaid({ store }: Golden, name: string, text: string): Promise<ImageVersion> {
  const digest = readDigest(text)
  if (digest) return versionAt(store, name, digest)
  const reference = parseReference(text)
  return store.find(reference).then((version) => {
    if (version?.name === name) return version
    throw new Fault('image-missing', `no image ${formatReference(reference)} of ${name}`, {
      hint: `birnam image ls ${name} shows them`,
    })
  })
}

/** Its excludes come first, where it has any: an `x`, then one a line, ended by a zero byte. */
export function driftOf(house: House, { machine }: Guest, body: Buffer, signal: AbortSignal): Promise<Drift> {
  const end = body[0] === excludesFollow ? body.indexOf(0) : -1
  const excludes = body.toString('utf8', 1, Math.max(1, end))
  return inPieces(readDrift(body.subarray(end + 1), concernsOf(house, machine, excludes)), signal)
}

const excludesFollow = 'x'.charCodeAt(0)

/** What overrides have written differs from the image because the site says so. */
function concernsOf(house: House, machine: Machine, text: string): Concerns {
  const scope = scopeOf(house, readAskedExcludes(text))
  const own = new Set(overridesOf(house, machine).map(({ path }) => Buffer.from(path).toString('latin1')))
  return (path, isDirectory) => !own.has(path) && scope(path, isDirectory)
}
