import { impliedParents, type LayerTree } from './tree.ts'

/**
 * What stands in the way of a layer goes before the layer is unpacked: an entry takes the place of whatever was there, with or without a
 * whiteout (OCI image spec, layer.md: Applying Changesets), and GNU tar does not lay a file over a directory.
 *
 * The list names every entry: `path` for what is no directory, `path/` for a directory, and `path//` for a parent that the layer
 * does not list itself. Sorted, so that a parent comes before what is in it. Paths are latin1.
 */
export function placesOf(layer: LayerTree): string[] {
  const places = new Set<string>()
  for (const [path, { type }] of layer.added) if (path !== '') places.add(type === 'directory' ? `${path}/` : path)
  for (const [path] of layer.linked) places.add(path)
  for (const path of impliedParents(layer)) places.add(`${path}//`)
  return [...places].toSorted()
}

/**
 * The command that reads such a list, each name ended by NUL, in the directory of the tree. A symlink where a directory shall be goes;
 * one where only an implied parent is stays, and the layer goes through it, as podman lays it.
 */
export const makeWayWords: readonly string[] = [
  'xargs',
  '-0',
  '-r',
  'sh',
  '-c',
  `for path; do
  case $path in
    *//) path=./\${path%//}; [ -L "$path" ] || [ -d "$path" ] || rm -f -- "$path" ;;
    */) path=./\${path%/}; { [ -d "$path" ] && [ ! -L "$path" ]; } || rm -f -- "$path" ;;
    *) path=./$path; [ -L "$path" ] || [ ! -d "$path" ] || rm -rf -- "$path" ;;
  esac
done`,
  'make-way',
]
