import { z } from 'zod'
import * as v from './values.ts'

/**
 * What the files of a site directory may hold: each key with its type and its default. Every key has its heading in
 * docs/configuration.md; a test holds the two together.
 */

const day = 86_400
const localboot = z.enum(['auto', 'exit', 'chain', 'sanboot'])
const loader = z.enum(['auto', 'pxelinux', 'lpxelinux', 'ipxe', 'ipxe-shim', 'grub', 'shim'])
const strict = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape)

export const vars = z.record(z.string(), z.unknown()).superRefine((value, context) => {
  for (const key of Object.keys(value)) {
    if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) continue
    const hint = 'letters, digits, dashes and underscores, beginning with a letter'
    context.addIssue({ code: 'custom', path: [key], message: 'a template cannot name this variable', params: { hint } })
  }
})

const subnet = strict({
  cidr: v.cidr,
  range: v.listOf(v.range).default([]),
  router: v.host.optional(),
  dns: v.listOf(v.host).default([]),
  ntp: v.listOf(v.host).default([]),
  domain: v.hostname.optional(),
  lease: v.duration(60, 0xffff_fffe).default(3600),
  interface: v.networkInterface.optional(),
  with: v.cidr.optional(),
  options: v.options4.optional(),
})

const subnet6 = strict({
  cidr: v.cidr6,
  range: v.range6.optional(),
  dns: v.listOf(v.host6).default([]),
  domain: v.hostname.optional(),
  lease: v.duration(60, 0xffff_fffe).default(3600),
  interface: v.networkInterface.optional(),
  with: v.cidr6.optional(),
  options: v.options6.optional(),
})

const stranger = z
  .union([v.word, strict({ profile: v.name })])
  .transform((value) =>
    typeof value === 'object' || value === 'ignore' || value === 'local' || value === 'discover'
      ? value
      : { profile: value },
  )

/** `birnam.yaml` */
export const serverFile = strict({
  address: v.server.optional(),
  loader: loader.default('auto'),
  localboot: localboot.optional(),
  http: strict({ port: v.port.default(80), address: v.listen.default('0.0.0.0') }).prefault({}),
  https: strict({
    port: v.port.default(443),
    address: v.listen.default('0.0.0.0'),
    certificate: v.word,
    key: v.word,
    name: v.hostname.optional(),
    boot: v.flag.default(false),
  }).optional(),
  tftp: strict({
    port: v.port.default(69),
    address: v.listen.default('0.0.0.0'),
    enabled: v.flag.default(true),
    blksize: v.blksize.default(65_464),
    ports: v.ports.optional(),
  }).prefault({}),
  dhcp: strict({
    mode: z.enum(['server', 'proxy', 'off']).default('off'),
    interfaces: v.listOf(v.networkInterface).default([]),
    subnets: z.array(subnet).default([]),
    options: v.options4.optional(),
  }).prefault({}),
  dhcp6: strict({
    interfaces: v.listOf(v.networkInterface).default([]),
    subnets: z.array(subnet6).default([]),
    options: v.options6.optional(),
  }).prefault({}),
  strangers: stranger.default('local'),
  permits: strict({
    lifetime: v.duration(60, 30 * day).default(day),
    install: v.duration(60, 7 * day).default(2 * 3600),
    answer: v.duration(60, 3600).default(3600),
  }).prefault({}),
  compat: strict({ cobbler: v.flag.default(false) }).prefault({}),
  images: strict({
    registry: v.webUrl.optional(),
    mirrors: v.listOf(v.webUrl).default([]),
    multicast: strict({
      group: v.multicast.default('239.255.77.1'),
      port: v.port.default(1044),
      rate: v.megabits.default(400),
      wait: v.duration(1, 600).default(20),
    }).prefault({}),
  }).prefault({}),
  systemimager: strict({
    monitor: v.flag.default(false),
    rsync: strict({
      listen: v.listen.default('0.0.0.0'),
      port: v.port.default(873),
      allow: v.allowList.default([]).superRefine(v.refuseNobody),
    }).optional(),
  }).prefault({}),
  vars: vars.default({}),
})

const relay = strict({ circuit: v.agentId.optional(), remote: v.agentId.optional() }).refine(
  ({ circuit, remote }) => circuit !== undefined || remote !== undefined,
  { message: 'names no port', params: { hint: 'give it a circuit:, a remote:, or both' } },
)

export const machine = strict({
  name: v.name,
  mac: v.listOf(v.mac).default([]),
  ip: v.host.optional(),
  ip6: v.host6.optional(),
  profile: v.name.optional(),
  file: v.bootFile.optional(),
  groups: v.listOf(v.name).default([]),
  loader: loader.default('auto'),
  localboot: localboot.optional(),
  hostname: v.hostname.optional(),
  uuid: v.uuid.optional(),
  serial: v.serial.optional(),
  relay: relay.optional(),
  options: v.options4.optional(),
  options6: v.options6.optional(),
  vars: vars.default({}),
})

export const group = strict({
  name: v.name,
  machines: v.listOf(v.pattern).default([]),
  priority: v.priority.default(100),
  profile: v.name.optional(),
  options: v.options4.optional(),
  options6: v.options6.optional(),
  vars: vars.default({}),
})

const anyProfile = {
  name: v.name,
  loader: loader.optional(),
  localboot: localboot.optional(),
  loaders: v.path.optional(),
  vars: vars.default({}),
}
const bootable = {
  kernel: v.bootPath.optional(),
  initrd: v.listOf(v.bootPath).default([]),
  args: v.args.default(''),
  answer: v.path.optional(),
  distro: v.name.optional(),
  pixiecore: v.apiUrl.optional(),
}

const imager = {
  layout: v.path.default('layouts/one-disk.yaml'),
  args: v.args.default(''),
  transport: z.enum(['http', 'torrent', 'multicast']).default('http'),
  after: z.enum(['reboot', 'kexec', 'poweroff', 'shell']).default('reboot'),
}

export const profile = z.discriminatedUnion('kind', [
  strict({ ...anyProfile, kind: z.literal('local') }),
  strict({ ...anyProfile, kind: z.literal('live'), ...bootable }),
  strict({ ...anyProfile, kind: z.literal('install'), ...bootable, answer: v.path }),
  strict({ ...anyProfile, kind: z.literal('image'), image: v.image, ...imager }),
  strict({
    ...anyProfile,
    kind: z.literal('menu'),
    title: v.title.optional(),
    entries: z.array(v.name).min(1),
    timeout: v.duration(1, 3600).default(30),
    password: v.passwordHash.optional(),
  }),
])

export const distro = strict({
  name: v.name,
  family: z.enum(['debian', 'redhat', 'ubuntu', 'cloud', 'ignition', 'suse', 'esxi', 'windows']),
  version: v.name,
  kernel: v.bootPath,
  initrd: v.listOf(v.bootPath).default([]),
  args: v.args.default(''),
  tree: v.url.optional(),
  loaders: v.path.optional(),
})

/** The lists that every other `*.yaml` may hold, and what their items are. */
export const nouns = { machines: machine, groups: group, profiles: profile, distros: distro } as const

export type NounList = keyof typeof nouns
