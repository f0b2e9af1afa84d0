import { parseDocument } from 'yaml'
import type { LeftList } from '../takeover/told.ts'
import { Item, mapOf } from './item.ts'
import type { OldTree } from './old-tree.ts'

export const kinds = ['distros', 'profiles', 'systems', 'images', 'repos', 'network_interfaces'] as const
export type Kind = (typeof kinds)[number]

/** What a Cobbler server keeps, as far as it means something here. */
export interface Collections {
  readonly items: Readonly<Record<Kind, readonly Item[]>>
  /** /etc/cobbler/settings.yaml, when there is one. */
  readonly settings: Item
}

/** Why there is no place for it here. */
const others: Readonly<Record<string, string>> = {
  menus: 'menus are profiles of kind menu here (docs/menus.md)',
  mgmtclasses: 'management of configuration is not done here: let the answer file start yours',
  packages: 'management of configuration is not done here: let the answer file start yours',
  files: 'management of configuration is not done here: let the answer file start yours',
  distro_groups: 'groups are of machines here',
  profile_groups: 'groups are of machines here',
  system_groups: 'write it under groups:',
  templates: 'templates are read as files, not as objects',
}

/** Reads every collection; what is broken is told and left out. */
export function readCollections(tree: OldTree, etc: OldTree | undefined, left: LeftList): Collections {
  const items = Object.fromEntries(kinds.map((kind) => [kind, readKind(tree, kind, left)])) as Record<
    Kind,
    readonly Item[]
  >
  for (const name of tree.names('collections')) {
    const kind = name.replace(/\.d$/, '')
    if ((kinds as readonly string[]).includes(kind)) continue
    const count = tree.names(`collections/${name}`).filter((file) => file.endsWith('.json')).length
    if (count > 0)
      left.add(
        tree.name(`collections/${name}`),
        `${count === 1 ? 'one' : count}: ${others[kind] ?? 'nothing here knows them'}`,
      )
  }
  return { items, settings: readSettings(etc, left) }
}

/** `collections/systems/`, and before Cobbler 3 `collections/systems.d/`, or `config/systems.d/`. */
function readKind(tree: OldTree, kind: Kind, left: LeftList): readonly Item[] {
  const found = new Map<string, Item>()
  for (const folder of [`collections/${kind}`, `collections/${kind}.d`, `config/${kind}.d`])
    for (const name of tree.names(folder).filter((file) => file.endsWith('.json'))) {
      const item = readItem(tree, `${folder}/${name}`, left)
      if (!item) continue
      const other = found.get(item.name)
      if (other) left.add(item.file, `${item.name} is there already, in ${other.file}`)
      else found.set(item.name, item)
    }
  return [...found.values()]
}

const deepest = 30

function readItem(tree: OldTree, path: string, left: LeftList): Item | undefined {
  const text = tree.text(path)
  if (text === undefined) return undefined
  const file = tree.name(path)
  const value = parsed(file, text, left)
  if (value === undefined) return undefined
  const fields = mapOf(value)
  const name = fields.get('name')
  if (fields.size === 0) left.add(file, 'is no object of a collection: there is no map in it')
  else if (typeof name !== 'string' || name.trim() === '') left.add(file, 'has no name')
  else if (isDeep(value)) left.add(file, `is nested deeper than ${deepest} levels`)
  else return new Item(name.trim(), file, fields)
  return undefined
}

function parsed(file: string, text: string, left: LeftList): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // What V8 says quotes the text, which may be a password; only its place is taken.
    const message = error instanceof Error ? error.message : ''
    const at = /position (\d+)/.exec(message)?.[1]
    left.add(file, 'is no JSON', at === undefined ? 0 : text.slice(0, Number(at)).split('\n').length)
    return undefined
  }
}

function isDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return true
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []))
  }
  return false
}

function readSettings(etc: OldTree | undefined, left: LeftList): Item {
  for (const path of ['settings.yaml', 'settings']) {
    const text = etc?.text(path)
    if (etc === undefined || text === undefined) continue
    const file = etc.name(path)
    const settings = settingsIn(text)
    if (typeof settings === 'number') left.add(file, 'is no YAML that could be read', settings)
    else return new Item('settings', file, settings)
  }
  return new Item('settings', 'settings.yaml', new Map())
}

/** The line that is wrong, else; 0 for YAML that is a bomb. */
function settingsIn(text: string): ReadonlyMap<string, unknown> | number {
  try {
    const document = parseDocument(text, { uniqueKeys: false, logLevel: 'silent' })
    const [error] = document.errors
    if (error) return error.linePos?.[0].line ?? 0
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    return isDeep(value) ? 0 : mapOf(value)
  } catch {
    return 0
  }
}
