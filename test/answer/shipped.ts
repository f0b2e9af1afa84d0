import { existsSync, readFileSync } from 'node:fs'
import { Templates } from '../../src/template/templates.ts'

/** The templates that Birnam ships, read from the checkout. */
export const shipped = new Templates({
  read: (name) => (existsSync(name) ? { text: readFileSync(name, 'utf8'), file: name } : undefined),
})

export const installs = [
  { template: 'kickstart/redhat/server.ks.hbs', family: 'redhat', version: '8' },
  { template: 'kickstart/redhat/server.ks.hbs', family: 'redhat', version: '9' },
  { template: 'kickstart/redhat/server.ks.hbs', family: 'redhat', version: '10' },
  { template: 'kickstart/redhat/server.ks.hbs', family: 'redhat', version: '42' },
  { template: 'kickstart/debian/server.cfg.hbs', family: 'debian', version: '12' },
  { template: 'kickstart/debian/server.cfg.hbs', family: 'debian', version: '13' },
  { template: 'kickstart/ubuntu/user-data.hbs', family: 'ubuntu', version: '22.04' },
  { template: 'kickstart/ubuntu/user-data.hbs', family: 'ubuntu', version: '24.04' },
  { template: 'kickstart/cloud/user-data.hbs', family: 'cloud', version: '24.1' },
  { template: 'kickstart/ignition/server.bu.hbs', family: 'ignition', version: '43' },
  { template: 'kickstart/suse/autoinst.xml.hbs', family: 'suse', version: '15.6' },
  { template: 'kickstart/suse/agama.json.hbs', family: 'suse', version: '16.0' },
  { template: 'kickstart/esxi/ks.cfg.hbs', family: 'esxi', version: '8' },
  { template: 'kickstart/windows/unattend.xml.hbs', family: 'windows', version: '2025' },
] as const

export type Install = (typeof installs)[number]

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJpcm5hbQ macbeth@inverness'
const hash =
  '$6$rounds=5000$saltsalt$0123456789abcdefghijklmnopqrstuvwxyz./ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmno'

/** Every variable that the templates know, with a value. */
export const fullVars: Readonly<Record<string, unknown>> = {
  administrator_password: 'Dunsinane-1606',
  after_install: 'poweroff',
  apt_services: ['security'],
  boot_first: 'network',
  card: 'Ethernet',
  disk: '/dev/disk/by-id/virtio-root',
  filesystem: 'xfs',
  firewall_services: ['ssh', 'http'],
  image_index: 2,
  image_sha256: 'ab'.repeat(32),
  kernel_args: ['console=ttyS0,115200', 'quiet'],
  keyboard: 'de',
  layout: 'plain',
  locale: 'de_DE.UTF-8',
  mirror: 'http://mirror.example.org/ubuntu',
  ntp: ['time1.example.org', 'time2.example.org'],
  packages: ['vim', 'tmux'],
  post: '#!/bin/sh\necho "it is done"\n',
  product: 'Leap',
  product_key: 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE',
  proxy: 'http://proxy.example.org:3128',
  registration_code: 'INTERNAL-0123',
  repos: [{ name: 'extra', url: 'http://mirror.example.org/extra?a=1&b=2' }],
  root_password_hash: hash,
  root_ssh_keys: [key],
  selinux: 'permissive',
  ssh_passwords: false,
  static: true,
  timezone: 'Europe/Berlin',
  unsigned_mirror: true,
  users: [
    {
      name: 'macbeth',
      fullname: "Macbeth, Thane of Glamis' Castle",
      password_hash: hash,
      ssh_keys: [key],
      groups: ['adm'],
      shell: '/bin/sh',
    },
    { name: 'banquo', sudo: false },
  ],
}

/** As little as a machine can do with. */
export const fewVars: Readonly<Record<string, unknown>> = { users: [{ name: 'macbeth', ssh_keys: [key] }] }

/** What those need besides, who have no users of ours. */
export const fewFor: Partial<Record<Install['family'], Readonly<Record<string, unknown>>>> = {
  esxi: { root_password_hash: hash },
  windows: { administrator_password: 'Dunsinane-1606' },
}

const trees: Readonly<Record<Install['family'], string>> = {
  redhat: 'http://mirror.example.org/9/BaseOS/x86_64/os/',
  debian: 'http://deb.debian.org/debian',
  ubuntu: 'http://10.77.0.1/ubuntu/live-server.iso',
  cloud: 'http://mirror.example.org/',
  ignition: 'http://mirror.example.org/rootfs.img',
  suse: 'http://mirror.example.org/leap/',
  esxi: 'http://mirror.example.org/',
  windows: 'http://mirror.example.org/install.wim',
}

/** The context of one machine, as the shelf makes it. */
export function contextFor(
  { family, version }: Install,
  vars: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const tree = trees[family]
  return {
    machine: {
      name: 'duncan',
      hostname: 'duncan',
      mac: '52:54:00:77:00:01',
      ip: '10.77.0.11',
      uuid: undefined,
      serial: undefined,
      vars,
    },
    profile: { name: 'db', kind: 'install', vars: {} },
    distro: { name: `${family}-${version}`, family, version, tree },
    site: { vars: {} },
    server: { address: '10.77.0.1', url: 'http://10.77.0.1' },
    vars,
    network: {
      cidr: '10.77.0.0/24',
      prefix: 24,
      network: '10.77.0.0',
      netmask: '255.255.255.0',
      router: '10.77.0.1',
      dns: ['10.77.0.1', '10.77.0.2'],
      ntp: [],
      domain: 'scotland.example',
    },
    answer: { url: 'http://10.77.0.1/a/525400770001-t5x2k1-9f3c2a.0123' },
    medium: {
      folder: 'esxi',
      kernel: 'b.b00',
      modules: ['jumpstrt.gz', 'useropts.gz'],
      options: 'runweasel',
      build: '8.0.3',
    },
    report: { url: 'http://10.77.0.1/r/525400770001-t5x2k1-9f3c2a.0123' },
  }
}

export function renderFor(install: Install, vars: Readonly<Record<string, unknown>>): string {
  const all = vars === fewVars ? { ...vars, ...fewFor[install.family] } : vars
  return shipped.render(install.template, contextFor(install, all), 'duncan')
}

/** The scripts that stand in an answer in base64, by the question or command that runs them, in their order. */
export function scriptsIn(text: string): readonly string[] {
  return [...text.matchAll(/(?:echo |data:;base64,)([A-Za-z0-9+/=]{100,})(?: \| base64 -d|")/g)].map(([, code]) =>
    Buffer.from(code!, 'base64').toString(),
  )
}
