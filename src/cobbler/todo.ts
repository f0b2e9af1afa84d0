import type { Machine } from '../config/site.ts'
import type { NewDistro } from './distros.ts'
import type { OldSite } from './old-site.ts'

export interface TodoOptions {
  readonly site: OldSite
  readonly armed: readonly string[]
  readonly waiting: readonly Machine[]
  readonly distros: ReadonlyMap<string, NewDistro>
}

/** What only a person can decide: sentences. */
export function todoOf({ site, armed, waiting, distros }: TodoOptions): readonly string[] {
  const todo: string[] = []
  if (armed.length > 0)
    todo.push(`these were about to be installed (netboot_enabled), and are not: birnam reinstall ${listed(armed)}`)
  if (waiting.length > 0) todo.push(`the MAC address of ${listed(waiting.map(({ name }) => name))}`)
  const server = site.settings.text('server')
  const old = [...distros.values()].filter(
    ({ distro }) => server !== undefined && distro.tree !== undefined && URL.parse(distro.tree)?.hostname === server,
  )
  if (old.length > 0)
    todo.push(
      `the packages of ${listed(old.map(({ distro }) => distro.name))} are still fetched from the old server, ${server}: birnam distro import gives them a tree of their own here`,
    )
  const fixed = site.systems.filter(({ cards }) => cards.some(({ fields }) => fields.get('static') === true))
  if (fixed.length > 0)
    todo.push(
      `these had fixed addresses in the installed system: vars: { static: true }, when their subnet stands in birnam.yaml: ${listed(fixed.map(({ item }) => item.name))}`,
    )
  todo.push('address: and dhcp: in birnam.yaml, unless they are there; birnam import dhcpd reads a dhcpd.conf')
  return todo
}

function listed(names: readonly string[]): string {
  return names.length > 20 ? `${names.slice(0, 20).join(' ')} and ${names.length - 20} more` : names.join(' ')
}
