import { Option, type Command } from 'commander'
import { arches, archOf } from '../boot/arch.ts'
import { firstFile } from '../boot/loader.ts'
import { packageOf } from '../files/loaders.ts'
import { loadSite } from '../config/read.ts'
import type { Site } from '../config/site.ts'
import { Fault } from '../fault.ts'
import { globals, placeHere } from './context.ts'
import { show } from './print.ts'

/** What another DHCP server has to know to point machines here. */
export interface Pointers {
  /** The next-server. */
  readonly server: string
  /** Option 93, and what a machine of that kind fetches first. */
  readonly rows: readonly {
    readonly arch: number
    readonly kind: string
    readonly http: boolean
    readonly file: string
  }[]
  /** The script of a machine that runs iPXE by now, which puts its own MAC address into the name. */
  readonly ipxe: string
}

const writers = { isc, kea, dnsmasq } as const

/** `dhcp-snippet`: for a DHCP server that is there already and may not be replaced. */
export function addDhcpSnippet(program: Command): void {
  program
    .command('dhcp-snippet')
    .description('print what an existing DHCP server needs to point machines at Birnam, by their architecture')
    .addOption(new Option('--for <server>', 'which server').choices(Object.keys(writers)).makeOptionMandatory())
    .action((options: { for: keyof typeof writers }, command: Command) => {
      const pointers = pointersOf(loadSite(placeHere(command).site))
      show(pointers, globals(command).json, () => writers[options.for](pointers).trimEnd())
    })
}

/** By the very functions that answer DHCP. Throws Fault `config-invalid` where the site names no address. */
export function pointersOf({ server }: Pick<Site, 'server'>): Pointers {
  const { address, http, loader } = server
  if (address === undefined) {
    const hint = 'say in birnam.yaml how machines reach it: address: 10.77.0.1'
    throw new Fault('config-invalid', 'the site names no address of this server', { file: 'birnam.yaml', hint })
  }
  const url = `http://${address}${http.port === 80 ? '' : `:${http.port}`}`
  const rows = Object.keys(arches).flatMap((code) => {
    const arch = Number(code)
    const first = firstFile(
      { door: 'explain', asker: 'firmware', arch },
      loader,
      (name) => packageOf(name) !== undefined,
    )
    const { cpu, platform, carrier } = archOf(arch)!
    if (first?.kind !== 'loader') return []
    const file = carrier === 'http' ? `${url}/${first.name}` : first.name
    return [
      { arch, kind: `${platform} ${cpu}${carrier === 'http' ? ' HTTP boot' : ''}`, http: carrier === 'http', file },
    ]
  })
  return { server: address, rows, ipxe: `${url}/boot.ipxe-01-\${netX/mac:hexhyp}` }
}

const note = 'Made by birnam dhcp-snippet. Installs need boot sessions, which only DHCP or ProxyDHCP of Birnam begins.'

function dnsmasq({ server, rows, ipxe }: Pointers): string {
  const lines = rows.flatMap(({ arch, kind, http, file }) => [
    `# ${kind}`,
    `dhcp-match=set:birnam-${arch},option:client-arch,${arch}`,
    `dhcp-boot=tag:birnam-${arch},tag:!birnam-ipxe,${file},${server},${server}`,
    // HTTP boot only believes an answer that calls itself HTTPClient.
    ...(http ? [`dhcp-option-force=tag:birnam-${arch},tag:!birnam-ipxe,60,HTTPClient`] : []),
  ])
  const chain = [
    '# iPXE',
    'dhcp-userclass=set:birnam-ipxe,iPXE',
    `dhcp-boot=tag:birnam-ipxe,${ipxe},${server},${server}`,
  ]
  return [`# ${note}`, ...chain, ...lines].join('\n')
}

function isc({ server, rows, ipxe }: Pointers): string {
  const branches = rows.map(({ arch, kind, http, file }) => {
    const vendor = http ? '\n    option vendor-class-identifier "HTTPClient";' : ''
    return `elsif option birnam-arch = ${bytesOf(arch)} {\n    # ${kind}${vendor}\n    filename "${file}";\n  }`
  })
  return `# ${note}
option birnam-arch code 93 = unsigned integer 16;
class "birnam" {
  match if substring (option vendor-class-identifier, 0, 9) = "PXEClient"
    or substring (option vendor-class-identifier, 0, 10) = "HTTPClient";
  next-server ${server};
  if option user-class = "iPXE" {
    filename "${ipxe}";
  } ${branches.join(' ')}
}
`
}

function bytesOf(arch: number): string {
  return `00:${arch.toString(16).padStart(2, '0')}`
}

function kea({ server, rows, ipxe }: Pointers): string {
  const isIpxe = "(option[77].hex == 'iPXE' or option[77].hex == 0x0469505845)"
  const classes = rows.map(({ arch, http, file }) => ({
    name: `birnam-${arch}`,
    test: `option[93].hex == 0x00${arch.toString(16).padStart(2, '0')} and not ${isIpxe}`,
    'next-server': server,
    'boot-file-name': file,
    ...(http && { 'option-data': [{ name: 'vendor-class-identifier', data: 'HTTPClient', 'always-send': true }] }),
  }))
  const chain = { name: 'birnam-ipxe', test: isIpxe, 'next-server': server, 'boot-file-name': ipxe }
  return `// ${note}\n${JSON.stringify({ Dhcp4: { 'client-classes': [chain, ...classes] } }, null, 2)}`
}
