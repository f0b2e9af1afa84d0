import type { Names } from './meaning.ts'
import { call, literal, path, segment, type Value } from './value.ts'

/** What all profiles and systems together know, so that a template can be converted without any of them. */
export interface Universe {
  /** Keys of autoinstall_meta, and what their values are like. */
  readonly meta: ReadonlyMap<string, Facts>
  /** Fields of distros, profiles, systems and settings that hold a plain value. */
  readonly fields: ReadonlyMap<string, Facts>
  /** `ip_address_eth0`: the interface and its field. */
  readonly interfaces: ReadonlyMap<string, readonly [card: string, field: string]>
  /** Some profile or system has a tree of its own. */
  readonly ownTrees: boolean
}

export interface Facts {
  readonly lines: boolean
  readonly empty: boolean
}

/** The host that packages come from: in a preseed Cobbler's `http_server` stands for it. */
export const mirrorHost = 'birnam_mirror_host'

/** What each template finds here under the names that Cobbler gave it. */
const ours: Readonly<Record<string, () => Value>> = {
  system_name: () => path('machine.name', { sure: true }),
  name: () => path('machine.name', { sure: true }),
  hostname: () => path('machine.hostname', { sure: true }),
  profile_name: () => path('profile.name', { sure: true }),
  profile: () => path('profile.name', { sure: true }),
  distro_name: () => path('distro.name'),
  distro: () => path('distro.name'),
  server: () => path('server.address', { sure: true }),
  next_server: () => path('server.address', { sure: true }),
  next_server_v4: () => path('server.address', { sure: true }),
  http_server: () => call('part', path('server.url'), literal('host')),
  http_protocol: () => literal('http'),
  what: () => literal('system'),
}

const lost: Readonly<Record<string, string>> = {
  template_universe: 'it takes all variables at once',
  autoinstall_meta: 'it takes all variables at once',
  ks_meta: 'it takes all variables at once',
  repo_data: 'repositories are not taken over',
  source_repos: 'repositories are not taken over',
  repos: 'repositories are not taken over',
  yum_config_stanza: 'repositories of the old server are not taken over',
  mgmt_parameters: 'management of configuration is not done here',
}

/** Secrets of switches, and what is true of the object and not of the machine. */
const never = /^(?:power_|ldap_|bind_|xmlrpc_|uid$|ctime$|mtime$|depth$|interfaces$|comment$|owners$)/

/** The names that templates of Cobbler may use; which of them were, is what nouns must bring along. */
export class Known implements Names {
  /** Fields that some template asks for: they become variables. */
  readonly used = new Set<string>()
  readonly #universe: Universe

  constructor(universe: Universe) {
    this.#universe = universe
  }

  find(name: string): Value | undefined {
    const { meta, fields, interfaces, ownTrees } = this.#universe
    const tree = ownTrees ? call('default', path('vars.tree'), path('distro.tree')) : path('distro.tree')
    if (name === 'tree') return tree
    if (name === 'install_source_directory') return call('part', tree, literal('path'))
    if (name === mirrorHost) return call('part', tree, literal('host'))
    if (name === 'yum_repo_stanza') return this.#use(name, path(`vars.${name}`, { lines: true, empty: true }))
    const facts = meta.get(name)
    if (facts) return path(`vars.${segment(name)}`, facts)
    if (Object.hasOwn(ours, name)) return ours[name]!()
    if (Object.hasOwn(lost, name)) return { kind: 'lost', why: lost[name]! }
    const card = interfaces.get(name)
    if (card)
      return this.#use('interfaces', path(`vars.interfaces.${segment(card[0])}.${segment(card[1])}`, { empty: true }))
    if (name === 'interfaces') return this.#use('interfaces', path('vars.interfaces'))
    const field = never.test(name) ? undefined : fields.get(name)
    return field && this.#use(name, path(`vars.${segment(name)}`, field))
  }

  #use(name: string, value: Value): Value {
    this.used.add(name)
    return value
  }
}

/** What stands for a well-known snippet, whose work is done otherwise here. */
export interface Replaced {
  readonly by: 'started' | 'done' | 'network' | 'nothing'
  readonly why: string
}

const done: Replaced = { by: 'done', why: 'the report at the end stands there instead: it uses up the permit' }
const started: Replaced = { by: 'started', why: 'a report stands there instead' }
const nothing = (why: string): Replaced => ({ by: 'nothing', why })

export const replaced: ReadonlyMap<string, Replaced> = new Map([
  ['autoinstall_done', done],
  ['kickstart_done', done],
  ['autoinstall_start', started],
  ['kickstart_start', started],
  [
    'network_config',
    { by: 'network', why: 'network lines of ours stand there instead: vars.static says whether the address is fixed' },
  ],
  ['pre_install_network_config', nothing('the network is set up by the line that network_config became')],
  ['post_install_network_config', nothing('the network is set up by the line that network_config became')],
  ['post_anamon', nothing('an install is watched by its reports: birnam trace')],
  ['pre_anamon', nothing('an install is watched by its reports: birnam trace')],
  ['post_install_network_config_deb', nothing('Debian keeps the network that its installer had')],
  ['preseed_apt_repo_config', nothing('repositories are not taken over: write d-i apt-setup/local0/repository')],
  ['late_apt_repo_config', nothing('repositories are not taken over: write d-i apt-setup/local0/repository')],
  ['anamon', nothing('an install is watched by its reports: birnam trace')],
  ['func_install_if_enabled', nothing('Func is not there any more')],
  ['func_register_if_enabled', nothing('Func is not there any more')],
  ['koan_environment', nothing('nothing here reads what koan leaves on a machine')],
  ['cobbler_register', nothing('machines are known by their site')],
  ['download_config_files', nothing('template files are not taken over')],
  ['download_config_files_deb', nothing('template files are not taken over')],
  [
    'post_install_kernel_options',
    nothing('kernel options of the installed system: write them into the answer (bootloader --append)'),
  ],
])
