import type { Command } from 'commander'
import { diffTrees, type ImageDiff, type PathChange } from '../image/diff.ts'
import { diffPackages, packagesOf } from '../image/packages.ts'
import type { ImageVersion } from '../image/store.ts'
import { printable } from '../image/tar-entry.ts'
import { treeOf } from '../image/version-tree.ts'
import { globals } from './context.ts'
import { openLine, size } from './image-progress.ts'
import { labelOf, openImages, versionNamed, type Images } from './image-store.ts'
import { count, paint, show } from './print.ts'

export function addDiff(image: Command): void {
  image
    .command('diff <from> <to>')
    .description('what changed between two versions: packages and files')
    .option('--checksum', 'compare contents, which reads the layers once')
    .action(async (from: string, to: string, flags: { checksum?: boolean }, command: Command) => {
      const images = openImages(command)
      const both = await Promise.all([from, to].map((name) => versionNamed(images, name)))
      const diff = await diffOf(images, both[0]!, both[1]!, {
        sums: flags.checksum ?? false,
        quiet: globals(command).json,
      })
      show(viewOf(diff), globals(command).json, () => textOf(diff, labelOf(both[0]!), labelOf(both[1]!)))
    })
}

async function diffOf(
  images: Images,
  from: ImageVersion,
  to: ImageVersion,
  { sums, quiet }: { sums: boolean; quiet: boolean | undefined },
): Promise<ImageDiff> {
  using line = openLine(process.stderr, quiet)
  const trees = []
  for (const version of [from, to]) {
    const onBytes = (read: number, of: number): void =>
      line.write(() => `reading ${labelOf(version)}: ${size(read)} of ${size(of)}`)
    trees.push((await treeOf(images.store, version, { cache: images.cache, sums, onBytes })).tree)
  }
  const before = await packagesOf(images.store, from)
  const after = await packagesOf(images.store, to)
  const packages = before || after ? diffPackages(before ?? new Map(), after ?? new Map()) : undefined
  return { paths: diffTrees(trees[0]!, trees[1]!), packages }
}

/** Programs get text too, since JSON has no bytes. */
function viewOf({ paths, packages }: ImageDiff): object {
  return { packages, paths: paths.map((change) => ({ ...change, path: printable(change.path, Infinity) })) }
}

function textOf({ paths, packages }: ImageDiff, from: string, to: string): string {
  if (paths.length === 0) return `${from} and ${to} have the same files.`
  const installed = (packages ?? []).map(({ name, from: old, to: now }) =>
    old === undefined ? `+ ${name} ${now}` : now === undefined ? `- ${name} ${old}` : `~ ${name} ${old} -> ${now}`,
  )
  const counted = (what: PathChange['what']): number => paths.filter((change) => change.what === what).length
  const head = `${from} -> ${to}: ${count(counted('added'), 'file')} added, ${counted('changed')} changed, ${counted('removed')} removed`
  return [
    paint('bold', head),
    ...(installed.length > 0 ? ['Packages', ...installed.map((line) => `  ${line}`), 'Files'] : []),
    ...paths.map((change) => `  ${pathText(change)}`),
  ].join('\n')
}

const signs = { added: '+', changed: '~', removed: '-' } as const

function pathText({ path, what, in: aspects, before, after }: PathChange): string {
  const name = `${signs[what]} /${printable(path)}`
  if (what !== 'changed') return name
  const grown = before === after ? '' : ` ${size(before)} -> ${size(after)}`
  return `${name} (${aspects.join(', ')}${grown})`
}
