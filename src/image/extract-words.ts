import { annotation, type Descriptor } from './oci.ts'

/**
 * The GNU tar command that lays one layer over a tree, byte for byte as it was captured. Used by the imager and by the
 * fidelity test, so that what is tested is what installs. The tar comes on standard input, already decompressed.
 * - `--delay-directory-restore`: times and modes of directories are set when all their entries are there.
 * - whiteouts are marks, no files: what they name is removed before (`removedBy` in version-tree.ts).
 * - no `--overwrite`: a file is replaced, never written through, so hard links of the lower layer stay apart.
 * - `--acls` only when some layer has one: with it tar gives each file the ACL that it has anyway, for a sixth of the whole time.
 */
export function extractWords(directory: string, layers: readonly Descriptor[] = []): string[] {
  const isPlain = layers.length > 0 && layers.every(({ annotations }) => annotations?.[annotation.acls] === 'no')
  return [
    'tar',
    '--extract',
    '--file=-',
    `--directory=${directory}`,
    '--numeric-owner',
    '--same-owner',
    '--preserve-permissions',
    ...(isPlain ? [] : ['--acls']),
    '--xattrs',
    '--xattrs-include=*',
    '--delay-directory-restore',
    '--exclude=.wh.*',
    '--blocking-factor=128',
  ]
}

/** What GNU tar is told when it packs; `offered` is its `--help`, so that an old one is not asked for what it does not know. */
export function packWords(directory: string, offered: string): string[] {
  const wanted: readonly [word: string, option: string][] = [
    ['--format=pax', '--format'],
    // No access times (they change by reading) and no process ids: the same tree gives the same bytes.
    ['--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime', '--pax-option'],
    ['--numeric-owner', '--numeric-owner'],
    ['--sparse', '--sparse'],
    ['--xattrs', '--xattrs'],
    ['--xattrs-include=*', '--xattrs-include'],
    ['--acls', '--acls'],
    ['--selinux', '--selinux'],
    ['--no-recursion', '--no-recursion'],
    ['--null', '--null'],
    ['--no-unquote', '--no-unquote'],
    ['--verbatim-files-from', '--verbatim-files-from'],
    ['--quoting-style=escape', '--quoting-style'],
    ['--blocking-factor=128', '--blocking-factor'],
  ]
  // The help text breaks long words into brackets: --[no-]null, --blocking-factor=BLOCKS.
  const known = (option: string): boolean =>
    offered.includes(option) || offered.includes(option.replace('--no-', '--[no-]')) || offered === ''
  const words = wanted.filter(([, option]) => known(option)).map(([word]) => word)
  return ['tar', '--create', '--file=-', `--directory=${directory}`, ...words, '--files-from=-']
}
