import type { LeftList } from '../takeover/told.ts'
import type { Collections } from './collections.ts'
import type { Library } from './library.ts'
import type { OldTree } from './old-tree.ts'

export interface OtherPlaces {
  readonly tree: OldTree
  readonly etc: OldTree | undefined
  readonly library: Library
  readonly collections: Collections
}

/** What lies in /var/lib/cobbler besides; what a running Cobbler makes for itself is nobody's loss. */
const taken = new Set([
  'collections',
  'config',
  'templates',
  'autoinstall_templates',
  'kickstarts',
  'snippets',
  'scripts',
  'autoinstall_scripts',
])
const made = new Set(
  'lock .mtime mtime cobbler_hosts loaders grub_config grub2 webui_sessions web.ss event-logs settings rsync.exclude distro_signatures.json distro_signatures signatures isos webcache backup migrations boot_files misc completions templates_cache'.split(
    ' ',
  ),
)
const whys: Readonly<Record<string, string>> = {
  triggers:
    'hooks of Cobbler run nowhere here: what they did belongs into an answer, or into a program that reads the journal',
  repo_mirror: 'mirrors of repositories stay where they are: serve them by any web server',
}

/** Tells what has no place here: templates that no profile uses, hooks, objects of other kinds. */
export function tellOthers({ tree, etc, library, collections }: OtherPlaces, left: LeftList): void {
  tellUnused(tree, library, left)
  for (const name of tree.names('').filter((each) => !taken.has(each) && !made.has(each))) {
    if (name === 'triggers' && filesIn(tree, name).length === 0) continue
    left.add(tree.name(name), whys[name] ?? 'nothing here knows it')
  }
  const { images, repos } = collections.items
  if (images.length > 0)
    left.add(
      'collections/images',
      `${images.length} not taken over: boot such a thing by a profile of kind live, or put its file into files/`,
    )
  if (repos.length > 0)
    left.add('collections/repos', `${repos.length} not taken over: name them in vars.repos, or in the answer`)
  if (etc?.has('dhcp.template') === true)
    left.add(etc.name('dhcp.template'), 'birnam import dhcpd reads the dhcpd.conf that Cobbler made of it')
}

function tellUnused(tree: OldTree, library: Library, left: LeftList): void {
  for (const folder of ['templates', 'autoinstall_templates', 'kickstarts', 'scripts', 'snippets']) {
    const unused = filesIn(tree, folder).filter((file) => !library.read.has(file))
    if (unused.length === 0) continue
    const names = unused.slice(0, 8).map((file) => file.slice(folder.length + 1))
    const list = `${names.join(', ')}${unused.length > 8 ? ` and ${unused.length - 8} more` : ''}`
    left.add(tree.name(folder), `nothing that was taken over uses these: ${list}`)
  }
}

const mostFiles = 5000

function filesIn(tree: OldTree, folder: string): string[] {
  const found: string[] = []
  const open = [folder]
  for (let next = open.pop(); next !== undefined && found.length < mostFiles; next = open.pop())
    for (const name of tree.names(next)) {
      const path = `${next}/${name}`
      if (tree.isDirectory(path)) open.push(path)
      else if (tree.has(path)) found.push(path)
    }
  return found.toSorted()
}
