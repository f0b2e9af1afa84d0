import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { openGuest } from './guest.ts'
import { openPlace } from './place.ts'

/** A site directory of a test, and where the server keeps its data; both are gone with it. */
export interface LabSite extends AsyncDisposable {
  readonly directory: string
  readonly data: string
  /** Writes or replaces one file of the site. */
  write(name: string, content: string | Uint8Array): Promise<void>
}

export interface LabSiteOptions {
  /** Added to, or instead of, the keys of birnam.yaml. */
  readonly server?: Readonly<Record<string, unknown>>
  /** fleet.yaml; the design's example when not given. */
  readonly fleet?: Readonly<Record<string, unknown>>
  /** Files of the site beside those that every test has, by their names. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
}

/** The machine of the design's example. */
export const duncan = { name: 'duncan', mac: '52:54:00:77:00:01', ip: '10.77.0.11' } as const

/** The kernel arguments of the design's example, and where to report. */
export const probeArgs = 'console=ttyS0,115200 probe={{answer.url}} report={{report.url}}'

/** The design's example: one machine with a live profile that fetches its answer. */
export const example = {
  machines: [{ ...duncan, profile: 'probe', vars: { role: 'king' } }],
  profiles: [liveProfile('probe')],
}

/** A profile that boots the lab's guest. */
export function liveProfile(name: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const boot = { kernel: 'boot/vmlinuz', initrd: ['boot/initrd.gz'], args: probeArgs, answer: 'answers/probe.txt.hbs' }
  return { name, kind: 'live', ...boot, ...more }
}

const dhcp = {
  mode: 'server',
  interfaces: ['lab-br'],
  subnets: [
    { cidr: '10.77.0.0/24', range: '10.77.0.100-10.77.0.199', router: '10.77.0.1', dns: ['10.77.0.1'], lease: '1h' },
  ],
}

const answer = `I am {{machine.name}} with {{machine.mac}} at {{machine.ip}}, the {{machine.vars.role}}.
Served by {{server.address}}.
`

/** Writes a site that boots the lab's guest from a server at 10.77.0.1. */
export async function openSite({ server = {}, fleet = example, files = {} }: LabSiteOptions = {}): Promise<LabSite> {
  const place = await openPlace()
  const directory = join(place.path, 'site')
  const site: LabSite = {
    directory,
    data: join(place.path, 'data'),
    async write(name, content) {
      await mkdir(dirname(join(directory, name)), { recursive: true })
      await writeFile(join(directory, name), content)
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  }
  const guest = await openGuest()
  const all = {
    'birnam.yaml': stringify({ address: '10.77.0.1', dhcp, ...server }),
    'fleet.yaml': stringify(fleet),
    'boot/vmlinuz': guest.vmlinuz,
    'boot/initrd.gz': guest.initrd,
    'answers/probe.txt.hbs': answer,
    ...files,
  }
  for (const [name, content] of Object.entries(all)) await site.write(name, content)
  return site
}
