import { withoutEnd } from '../config/without-end.ts'
import { isGlob, pathGlob, type Glob } from '../config/glob.ts'

/** What makes a clone wrong, and why. `at`: the path itself and all below; `in`: all below a directory, which stays; a trailing `*` stands for anything in one name. */
export const rules = {
  'machine-id': {
    why: 'every machine has an id of its own; an empty file lets systemd make one at first boot',
    at: ['var/lib/dbus/machine-id'],
    empty: ['etc/machine-id'],
    fresh: 'etc/machine-id is empty: systemd fills it',
  },
  'ssh-host-keys': {
    why: 'two machines with one host key can play each other',
    at: ['etc/ssh/ssh_host_*_key', 'etc/ssh/ssh_host_*_key.pub', 'etc/ssh/ssh_host_key', 'etc/ssh/ssh_host_key.pub'],
    fresh: 'the imager makes new ssh host keys',
  },
  'udev-names': {
    why: 'names bound to the MACs and disks of the old machine',
    at: [
      'etc/udev/rules.d/70-persistent-net.rules',
      'etc/udev/rules.d/70-persistent-cd.rules',
      'etc/udev/rules.d/75-persistent-net-generator.rules',
      'etc/systemd/network/10-persistent-net*.link',
    ],
  },
  'dhcp-leases': {
    why: 'an old lease makes the clone ask for the address of the machine it came from',
    in: [
      'var/lib/dhcp',
      'var/lib/dhclient',
      'var/lib/dhcpcd',
      'var/lib/dhcpcd5',
      'var/lib/systemd/network',
      'var/lib/wicked',
    ],
    at: ['var/lib/NetworkManager/*.lease', 'var/lib/NetworkManager/*.leases'],
  },
  'network-state': {
    why: 'secrets and times of one machine that NetworkManager makes again',
    at: [
      'var/lib/NetworkManager/secret_key',
      'var/lib/NetworkManager/seen-bssids',
      'var/lib/NetworkManager/timestamps',
    ],
  },
  logs: {
    why: 'the history of another machine',
    files: ['var/log'],
  },
  tmp: { why: 'temporary files belong to running programs', in: ['tmp', 'var/tmp'] },
  kernel: {
    why: 'the kernel makes these anew at every boot',
    in: ['proc', 'sys', 'dev', 'run', 'var/run', 'var/lock'],
  },
  swap: {
    why: 'swap files are made with the disk layout',
    at: ['swapfile', 'swap.img', 'swap/swapfile', 'var/swap', 'var/swapfile', 'pagefile.sys'],
  },
  'lost-found': { why: 'every file system has its own', at: ['lost+found'], named: ['lost+found'] },
  'package-cache': {
    why: 'packages and lists that are fetched again when they are wanted',
    files: [
      'var/cache/apt',
      'var/lib/apt/lists',
      'var/cache/dnf',
      'var/cache/yum',
      'var/cache/zypp',
      'var/cache/PackageKit',
    ],
    in: ['var/cache/pacman/pkg'],
  },
  'random-seed': {
    why: 'two machines with one seed draw the same secrets',
    at: [
      'var/lib/systemd/random-seed',
      'var/lib/random-seed',
      'var/lib/urandom/random-seed',
      'boot/efi/loader/random-seed',
      'efi/loader/random-seed',
      'boot/loader/random-seed',
    ],
    fresh: 'the imager writes a new seed',
  },
  'credential-secret': {
    why: 'a key that systemd makes for one machine alone',
    at: ['var/lib/systemd/credential.secret'],
  },
  'core-dumps': {
    why: 'crashes of another machine, with its memory',
    in: ['var/lib/systemd/coredump', 'var/crash', 'var/lib/abrt', 'var/spool/abrt'],
  },
  'cloud-init': {
    why: 'cloud-init believes that it has done its work already',
    in: ['var/lib/cloud'],
  },
  'disk-state': {
    why: 'disks and volume groups of another machine',
    at: ['etc/blkid.tab', 'etc/blkid.tab.old', 'etc/lvm/devices'],
    in: ['etc/lvm/cache', 'etc/lvm/archive', 'etc/lvm/backup'],
  },
  birnam: {
    why: 'Birnam does not keep images of its own images',
    at: ['var/lib/birnam/images', 'var/lib/birnam/image-trees'],
  },
} as const satisfies Record<string, Rule>

export type RuleName = keyof typeof rules

export interface Rule {
  readonly why: string
  /** Patterns: what matches and all below it is left out. */
  readonly at?: readonly string[]
  /** Directories that stay, with all in them left out. */
  readonly in?: readonly string[]
  /** Directories whose sub-directories stay too: services do not make them again. Only other things are left out. */
  readonly files?: readonly string[]
  /** Names that are left out wherever they stand. */
  readonly named?: readonly string[]
  /** Files that stay, without a byte in them. */
  readonly empty?: readonly string[]
  /** What is made new at first boot, and by whom. */
  readonly fresh?: string
}

export interface RuleChoice {
  /** Rules that do not count. */
  readonly keep?: readonly string[]
  /** More patterns to leave out: `srv/scratch`, a trailing star within one name; without a slash they are names anywhere. */
  readonly exclude?: readonly string[]
  /** A site's own rules by name. */
  readonly site?: Readonly<Record<string, Rule>>
}

export type Verdict = 'keep' | 'empty' | { readonly rule: string }

/** Judges paths by the rules. Throws nothing: names in `keep` that no rule has are told by `unknownRules`. */
export function judgeBy({
  keep = [],
  exclude = [],
  site = {},
}: RuleChoice): (path: string, isDirectory: boolean) => Verdict {
  const index = indexOf(Object.entries<Rule>({ ...rules, ...site }).filter(([name]) => !keep.includes(name)))
  for (const pattern of exclude) addPattern(index, pattern, '--exclude')
  return (path, isDirectory) => judge(index, path, isDirectory)
}

export function unknownRules({ keep = [], site = {} }: RuleChoice): readonly string[] {
  return keep.filter((name) => !Object.hasOwn(rules, name) && !Object.hasOwn(site, name))
}

interface Index {
  readonly at: Map<string, string>
  readonly in: Map<string, string>
  readonly files: Map<string, string>
  readonly named: Map<string, string>
  readonly empty: Set<string>
  readonly globs: { readonly form: Glob; readonly rule: string }[]
}

function indexOf(chosen: readonly (readonly [string, Rule])[]): Index {
  const index: Index = { at: new Map(), in: new Map(), files: new Map(), named: new Map(), empty: new Set(), globs: [] }
  for (const [name, rule] of chosen) {
    for (const pattern of rule.at ?? []) {
      if (isGlob(pattern)) index.globs.push({ form: pathGlob(pattern), rule: name })
      else index.at.set(pattern, name)
    }
    for (const kind of ['in', 'files', 'named'] as const)
      for (const path of rule[kind] ?? []) index[kind].set(path, name)
    for (const path of rule.empty ?? []) index.empty.add(path)
  }
  return index
}

function addPattern(index: Index, pattern: string, rule: string): void {
  // Typed as UTF-8, compared as bytes.
  const bytes = Buffer.from(pattern).toString('latin1')
  const path = withoutEnd(bytes.replace(/^\.?\/+/, ''), '/')
  if (!bytes.includes('/') && !isGlob(path)) index.named.set(path, rule)
  else if (!bytes.includes('/')) index.globs.push({ form: pathGlob(`**/${path}`), rule })
  else if (isGlob(path)) index.globs.push({ form: pathGlob(path), rule })
  else index.at.set(path, rule)
}

function judge(index: Index, path: string, isDirectory: boolean): Verdict {
  if (path === '') return 'keep'
  if (index.empty.has(path)) return 'empty'
  const rule = index.at.get(path) ?? fromParents(index, path, isDirectory) ?? fromGlobs(index, path)
  return rule === undefined ? 'keep' : { rule }
}

function fromParents(index: Index, path: string, isDirectory: boolean): string | undefined {
  const own = index.named.get(path.slice(path.lastIndexOf('/') + 1))
  if (own !== undefined) return own
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const parent = path.slice(0, slash)
    const name = parent.slice(parent.lastIndexOf('/') + 1)
    const rule = index.at.get(parent) ?? index.in.get(parent) ?? index.named.get(name)
    if (rule !== undefined) return rule
    const files = isDirectory ? undefined : index.files.get(parent)
    if (files !== undefined) return files
  }
  return undefined
}

function fromGlobs(index: Index, path: string): string | undefined {
  return index.globs.find(({ form }) => form.test(path))?.rule
}
