import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { ServerSettings } from '../config/site.ts'
import type { Registry } from '../machine/registry.ts'
import { formatRsyncConf, reserved, type Module } from './rsync-conf.ts'
import { isName } from '../takeover/told.ts'

export interface RsyncPlace {
  readonly data: string
  readonly registry: Registry
  readonly settings: NonNullable<ServerSettings['systemimager']['rsync']>
}

/** `DATA/systemimager/rsyncd.conf` */
export function confPath(data: string): string {
  return join(data, 'systemimager/rsyncd.conf')
}

/** A pipe: what the daemon says is read at once, and fills no disk. */
export function logPath(data: string): string {
  return join(data, 'systemimager/rsyncd.pipe')
}

/** Writes the daemon's configuration, which it reads anew for each connection, and what its module `scripts` shows. */
export function writeRsyncFiles({ data, registry, settings }: RsyncPlace): void {
  const own = join(data, 'systemimager')
  const scripts = join(own, 'scripts')
  mkdirSync(scripts, { recursive: true, mode: 0o700 })
  const { directory } = registry.site
  replace(join(scripts, 'hosts'), hostsText(registry), 0o644)
  replace(join(scripts, 'cluster.txt'), clusterText(registry), 0o644)
  copyScripts(join(directory, 'post-install'), join(scripts, 'post-install'))
  const modules: Module[] = [
    { name: 'scripts', path: scripts, comment: 'hosts, groups and post-install scripts' },
    ...(existsSync(join(directory, 'overrides'))
      ? [{ name: 'overrides', path: join(directory, 'overrides'), comment: 'partial trees', exclude: '*.hbs' }]
      : []),
    ...treesIn(data).map((name) => ({ name, path: join(data, 'trees', name), comment: 'an image' })),
  ]
  replace(
    confPath(data),
    formatRsyncConf({ ...settings, lock: join(own, 'rsyncd.lock'), log: logPath(data), modules }),
    0o600,
  )
}

/** Images that `birnam image unpack` has made trees of. */
export function treesIn(data: string): readonly string[] {
  const trees = join(data, 'trees')
  if (!statSync(trees, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(trees).filter(
    (name) => isName(name) && !reserved.includes(name) && lstatSync(join(trees, name)).isDirectory(),
  )
}

function replace(path: string, text: string, mode: number): void {
  writeFileSync(`${path}.new`, text, { mode })
  chmodSync(`${path}.new`, mode)
  renameSync(`${path}.new`, path)
}

function hostsText({ site }: Registry): string {
  const lines = site.machines.flatMap(({ ip, hostname }) => (ip === undefined ? [] : [`${ip}\t${hostname}`]))
  return ['127.0.0.1\tlocalhost', ...lines, ''].join('\n')
}

/** The form that SystemImager's clients read: `host:group:image:override`, the strongest group first. */
function clusterText(registry: Registry): string {
  const lines = registry.site.machines.flatMap((machine) => {
    const profile = registry.profileOf(machine)
    const image = profile?.kind === 'image' ? profile.image.split(/[:@]/, 1)[0]!.split('/').at(-1)! : ''
    return registry.groupsOf(machine).map(({ name }) => `${machine.hostname}:${name}:${image}:${name}`)
  })
  return ['# hostname:group:imagename(group):override(group)', '# global_override=:all:', ...lines, ''].join('\n')
}

/** Templates are not for everybody who asks. */
function copyScripts(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  mkdirSync(to, { mode: 0o755 })
  if (!statSync(from, { throwIfNoEntry: false })?.isDirectory()) return
  for (const name of readdirSync(from)) {
    const path = join(from, name)
    if (name.endsWith('.hbs') || !lstatSync(path).isFile()) continue
    copyFileSync(path, join(to, name))
    chmodSync(join(to, name), 0o755)
  }
}
