import { Fault } from '../fault.ts'
import { formatIpv4, type Cidr } from '../net/ipv4.ts'

export interface RsyncConf {
  readonly listen: string
  readonly port: number
  readonly allow: readonly Cidr[]
  readonly lock: string
  readonly log: string
  readonly modules: readonly Module[]
}

export interface Module {
  readonly name: string
  readonly path: string
  readonly comment: string
  /** A pattern of what is not shown. */
  readonly exclude?: string
}

/** What SystemImager had besides its images. */
export const reserved: readonly string[] = ['boot', 'scripts', 'overrides', 'torrents', 'global']

/** rsyncd.conf: everything can be read by those who are allowed, and nothing written. Throws `request-invalid` for a path that it cannot hold. */
export function formatRsyncConf({ listen, port, allow, lock, log, modules }: RsyncConf): string {
  const networks = allow.map(({ network, bits }) => `${formatIpv4(network)}/${bits}`)
  return [
    '# Written by Birnam; a change here is lost. systemimager.rsync of birnam.yaml is where it comes from.',
    `address = ${listen}`,
    `port = ${port}`,
    'uid = root',
    'gid = root',
    'use chroot = yes',
    'read only = yes',
    'list = yes',
    'timeout = 600',
    'max connections = 100',
    `lock file = ${plainPath(lock)}`,
    `log file = ${plainPath(log)}`,
    // A name server that hangs would hold up every client.
    'reverse lookup = no',
    'forward lookup = no',
    `hosts allow = ${networks.join(' ')}`,
    'hosts deny = *',
    ...modules.flatMap(({ name, path, comment, exclude }) => [
      '',
      `[${name}]`,
      `comment = ${comment}`,
      `path = ${plainPath(path)}`,
      ...(exclude === undefined ? [] : [`exclude = ${exclude}`]),
    ]),
    '',
  ].join('\n')
}

/** rsyncd.conf knows no quotes, and takes what stands between percent signs from its environment. */
function plainPath(path: string): string {
  if (!/[^\P{Cc}]|[%#;\\]|^\s|\s$/u.test(path)) return path
  const hint = 'choose a directory without control characters, %, #, ; and backslashes for site and data'
  throw new Fault('request-invalid', `rsyncd.conf cannot hold the path ${JSON.stringify(path)}`, { hint })
}

/** One line of the daemon's log that means something. */
export type RsyncSaid =
  | { readonly kind: 'listening' }
  | { readonly kind: 'asked'; readonly peer: string; readonly path: string }
  | { readonly kind: 'denied'; readonly peer: string }

export function readRsyncLog(line: string): RsyncSaid | undefined {
  const said = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[\d+\] ([^]*)$/.exec(line)?.[1]
  if (said === undefined) return undefined
  if (/^rsyncd version \S+ starting, listening on port \d+$/.test(said)) return { kind: 'listening' }
  // The peer stands last: what is before it, the client has chosen.
  const [, verb, path = '', peer = ''] =
    /^rsync (on|denied on module) ([^]*) from \S+ \(([0-9a-f.:]{2,45})\)$/.exec(said) ?? []
  if (verb === 'on') return { kind: 'asked', peer, path }
  return verb === undefined ? undefined : { kind: 'denied', peer }
}

/** The address that a client names when it says, by asking for a file that is not there, that it has its image. */
export function completedAddress(path: string): string | undefined {
  return /^scripts\/imaging_complete_(\d{1,3}(?:\.\d{1,3}){3})$/.exec(path)?.[1]
}
