import type { Machine, Profile, ServerSettings, Site } from '../src/config/site.ts'
import { parseMac } from '../src/net/mac.ts'

/** Small true sites for tests: every value that a test does not care about has one here. */
export function aSite(change: Partial<Site> = {}, server: Partial<ServerSettings> = {}): Site {
  return {
    directory: '/nowhere',
    vars: {},
    machines: [],
    groups: [],
    profiles: [],
    distros: [],
    ...change,
    server: {
      address: '10.77.0.1',
      loader: 'auto',
      http: { port: 80, address: '0.0.0.0' },
      tftp: { port: 69, address: '0.0.0.0', enabled: true, blksize: 65_464 },
      dhcp: { mode: 'off', interfaces: [], subnets: [] },
      dhcp6: { interfaces: [], subnets: [] },
      strangers: 'local',
      permits: { lifetime: 3600, install: 7200, answer: 3600 },
      compat: { cobbler: false },
      systemimager: { monitor: false },
      images: { mirrors: [], multicast: { group: '239.255.77.1', port: 1044, rate: 400, wait: 20 } },
      ...server,
    },
  }
}

export function aMachine(name: string, change: Partial<Machine> = {}): Machine {
  return {
    name,
    macs: [parseMac('52:54:00:77:00:01')],
    ip: '10.77.0.11',
    hostname: name,
    groups: [],
    loader: 'auto',
    vars: {},
    origin: { file: 'fleet.yaml', line: 1 },
    ...change,
  }
}

export function aProfile<K extends 'live' | 'install' | 'image'>(
  name: string,
  kind: K,
  change: Partial<Extract<Profile, { kind: K }>> = {},
): Extract<Profile, { kind: K }> {
  const origin = { file: 'fleet.yaml', line: 9 }
  const profile = {
    name,
    kind,
    vars: {},
    kernel: 'boot/vmlinuz',
    initrd: ['boot/initrd.gz'],
    ...(kind === 'image' && { image: 'porter:13', layout: 'layouts/one-disk.yaml', after: 'reboot' }),
    args: '',
    origin,
    ...change,
  }
  return profile as unknown as Extract<Profile, { kind: K }>
}
