import type { Profile } from '../config/site.ts'
import { Fault } from '../fault.ts'
import { LeftList, type Left } from '../takeover/told.ts'
import { writeDraft, type Draft } from '../takeover/written.ts'
import { BootFiles } from './boot-files.ts'
import { readCollections } from './collections.ts'
import { distrosOf } from './distros.ts'
import type { Item } from './item.ts'
import { Known } from './known.ts'
import { largestTemplate, Library } from './library.ts'
import { machinesOf } from './machines.ts'
import { Naming } from './naming.ts'
import { resolve, type OldSite } from './old-site.ts'
import { OldTree } from './old-tree.ts'
import { profilesOf, profileVars, type ProfileOptions } from './profiles.ts'
import { tellOthers } from './others.ts'
import { todoOf } from './todo.ts'

export interface CobblerPlace {
  /** A /var/lib/cobbler, or a copy of one. */
  readonly base: string
  /** An /etc/cobbler, when there is one. */
  readonly etc?: string
  /** A /var/www/cobbler/distro_mirror, when it lies somewhere else. */
  readonly mirror?: string
}

export interface ImportOptions extends CobblerPlace {
  readonly site: string
  readonly dryRun: boolean
}

export interface ImportReport {
  readonly machines: number
  readonly groups: number
  readonly profiles: number
  readonly distros: number
  readonly templates: number
  /** Written, or that would be: relative to the site. */
  readonly files: readonly string[]
  readonly left: readonly Left[]
  /** What only a person can add. */
  readonly todo: readonly string[]
}

/**
 * Takes a Cobbler server over: its collections become nouns, its templates and snippets templates of ours; nothing is armed. Throws `request-invalid` for what
 * is no such directory and for files that are in the site already, `config-invalid` for what does not fit to the site.
 */
export function importCobbler(options: ImportOptions): ImportReport {
  const left = new LeftList()
  const { draft, todo, templates } = planOf(options, left)
  const { files } = writeDraft(options.site, draft, { dryRun: options.dryRun })
  const { machines = [], profiles = [], distros = [], waiting } = draft
  return {
    machines: machines.length + (waiting?.machines.length ?? 0),
    groups: 0,
    profiles: profiles.length,
    distros: distros.length,
    templates,
    files,
    left: left.list,
    todo,
  }
}

interface Plan {
  readonly draft: Draft
  readonly todo: readonly string[]
  readonly templates: number
}

function planOf({ base, etc, mirror }: CobblerPlace, left: LeftList): Plan {
  const tree = new OldTree(base, left)
  const settingsTree = etc === undefined ? undefined : new OldTree(etc, left, `${etc}/`)
  if (!['collections', 'config'].some((folder) => tree.isDirectory(folder)))
    throw new Fault('request-invalid', `${base} holds no collections/`, {
      hint: 'name the directory that is /var/lib/cobbler on the old server',
    })
  const collections = readCollections(tree, settingsTree, left)
  const site = resolve(collections, left)
  const known = new Known(site.universe)
  const naming = { distro: new Naming(left), profile: new Naming(left), system: new Naming(left) }
  const boot = new BootFiles({ base, ...(mirror !== undefined && { mirror }) }, left)
  const { settings, distros: items } = site
  const distros = distrosOf(
    { distros: items, settings, naming: naming.distro, boot, isCloud: cloudOf(site, tree) },
    left,
  )
  const library = openLibrary(tree, site, known, naming, left)
  const options: ProfileOptions = { site, distros, naming: naming.profile, library, known }
  const made = profilesOf(options, left)
  const trees = new Map(
    [...site.profiles].map(([name, { chain }]) => [name, distros.get(chain.distro.name)?.distro.tree]),
  )
  const profiles = new Map(
    [...made.profiles].map(([name, profile]): [string, Profile] => [
      name,
      { ...profile, vars: profileVars(site.profiles.get(name)!, options, trees.get(name), left) },
    ]),
  )
  const { machines, waiting, armed } = machinesOf(
    { site, naming: naming.system, known, profiles, trees, ownAnswers: made.ownAnswers },
    left,
  )
  tellOthers({ tree, etc: settingsTree, library, collections }, left)
  const draft: Draft = {
    file: 'cobbler.yaml',
    head: `Distros, profiles and machines as Cobbler had them (${JSON.stringify(base)}). They are yours now: change what you like.`,
    machines,
    profiles: [...profiles.values()],
    distros: [...distros.values()].flatMap(({ distro, kernelOnly }) => (kernelOnly ? [] : [distro])),
    waiting: { why: 'These lack their mac: and then belong under machines:.', machines: waiting },
    files: [...library.files, ...made.files, ...boot.files],
  }
  return {
    draft,
    todo: [...todoOf({ site, armed, waiting, distros }), ...boot.missing, ...made.todo],
    templates: library.files.length,
  }
}

/** The names here must be known before the first snippet is read: it may be that of one system alone. */
function openLibrary(
  tree: OldTree,
  site: OldSite,
  names: Known,
  naming: Readonly<Record<'distro' | 'profile' | 'system', Naming>>,
  left: LeftList,
): Library {
  for (const { chain } of site.profiles.values()) naming.profile.of(chain.item)
  for (const { item } of site.systems) naming.system.of(item)
  const owners = { system: naming.system.all, profile: naming.profile.all, distro: naming.distro.all }
  const dialect = site.settings.text('default_template_type')?.startsWith('jinja') ? 'jinja' : 'cheetah'
  return new Library({ tree, dialect, names, owners, left })
}

/** Ubuntu has two installers; the answers tell which one reads them. */
function cloudOf(site: OldSite, tree: OldTree): (distro: Item) => boolean {
  const clouds = new Set<Item>()
  for (const { chain, answer } of site.profiles.values()) {
    const inner = answer?.replace(/^.*\//, '')
    const texts = ['templates', 'autoinstall_templates', 'kickstarts'].map((folder) =>
      inner === undefined ? undefined : tree.text(`${folder}/${inner}`, largestTemplate),
    )
    if (texts.some((text) => text !== undefined && /^#cloud-config\b|^autoinstall:/m.test(text)))
      clouds.add(chain.distro)
  }
  return (distro) => clouds.has(distro)
}
