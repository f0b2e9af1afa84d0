import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { takeReport } from '../../src/api/reports.ts'
import { openCore } from '../../src/app/core.ts'
import { loadSite } from '../../src/config/read.ts'
import { advise } from '../../src/files/advise.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { arm, files, mac, openHouse, own } from '../house.ts'
import { commandsIn, openShell } from './typed.ts'

/** Every secret of this site has this word in it, and nothing else has. */
const word = 'dunsinane'
const pem = `-----BEGIN PRIVATE KEY-----\\n${word}\\n-----END PRIVATE KEY-----`
const site = {
  ...files,
  // No host has that address (RFC 5737), so a server ends at once and says so.
  'birnam.yaml': `address: 203.0.113.7
http: { address: 203.0.113.7 }
tftp: { address: 203.0.113.7 }
vars: { bmc_pw: ${word}-pw, tls: "${pem}", mirror: "http://duncan:${word}-url@10.77.0.1/" }
`,
  'fleet.yaml': `
machines:
  - { name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: web, vars: { hash: $6$salt$${word} } }
  - { name: macduff, mac: "52:54:00:77:00:02", ip: 10.77.0.12, profile: probe, vars: { luks: { key: ${word}-luks } } }
groups:
  - { name: scots, machines: ["*"], vars: { join_token: ${word}-token } }
profiles:
  - { name: web, kind: install, kernel: boot/vmlinuz, args: "url={{answer.url}} inst.vncpassword=${word}-args key={{vars.join_token}}", answer: answers/web.hbs }
  - { name: probe, kind: live, kernel: boot/vmlinuz, answer: answers/all.hbs, vars: { users: [{ name: a, password: ${word}-user }] } }
`,
  'answers/web.hbs':
    'rootpw --iscrypted {{vars.hash}}\nproxy {{vars.mirror}} {{shell vars.bmc_pw}} {{report.url}}{{!-- done --}}\n',
  'answers/all.hbs':
    '{{vars.luks.key}} {{base64 vars.bmc_pw}} {{#each vars.users}}{{password}}{{/each}}\n{{lines vars.tls}}\n',
}

/** What to type for each command; an image's tree holds a shadow file. */
const lines: Readonly<Record<string, readonly string[]>> = {
  serve: ['serve'],
  check: ['check'],
  diff: ['diff OTHER'],
  explain: [
    'explain duncan --armed',
    'explain duncan --armed --firmware uefi',
    'explain macduff',
    'explain macduff --firmware xen',
  ],
  trace: ['trace duncan', 'trace macduff'],
  'machine list': ['machine list'],
  'machine show': ['machine show duncan'],
  'machine waiting': ['machine waiting'],
  withdraw: ['withdraw duncan'],
  reinstall: ['reinstall duncan --again', 'reinstall macduff'],
  update: ['image capture TREE --as lady', 'update duncan --to lady:1'],
  apply: ['apply'],
  export: ['export', 'export --server'],
  status: ['status'],
  leases: ['leases'],
  'dhcp-snippet': ['dhcp-snippet --for isc'],
  'distro import': ['distro import TREE'],
  'distro ls': ['distro ls'],
  'distro show': ['distro show tree'],
  'distro rm': ['distro rm tree'],
  'distro refresh': ['distro refresh tree'],
  'image capture': ['image capture TREE --as porter'],
  'image capture-script': ['image capture-script --as porter'],
  'image ls': ['image ls', 'image ls porter'],
  'image show': ['image show porter:1'],
  'image diff': ['image diff porter:1 porter:1', 'image diff porter:1 porter:9'],
  'image rules': ['image rules'],
  'image verify': ['image verify'],
  'image tag': ['image tag porter:1 stable'],
  'image squash': ['image squash porter:1'],
  'image rm': ['image rm porter:1'],
  'image unpack': ['image unpack porter:1'],
  'image gc': ['image gc'],
  'imager build': ['imager build --tree /no/such/tree'],
  'token create': ['token create ci --out TREE/token'],
  'token ls': ['token ls'],
  'token rm': ['token rm ci'],
  backup: ['backup TREE/birnam.backup', 'backup TREE/birnam.backup'],
  restore: ['restore TREE/birnam.backup --replace --data-only', 'restore TREE/dhcpd.conf --replace'],
  'import systemimager': ['import systemimager TREE --dry-run'],
  'import dhcpd': ['import dhcpd TREE/dhcpd.conf --dry-run', 'import dhcpd TREE/broken.conf'],
  'import kea': ['import kea TREE/kea.conf --dry-run', 'import kea TREE/dhcpd.conf --dry-run'],
  'import dnsmasq': ['import dnsmasq TREE/dnsmasq.conf --dry-run'],
  'import grub': ['import grub TREE --dry-run'],
  'import ipxe': ['import ipxe TREE --dry-run'],
  'import pxelinux': ['import pxelinux TREE --dry-run'],
  'import cobbler': ['import cobbler TREE --dry-run'],
}
const groups = ['machine', 'image', 'imager', 'token', 'import', 'distro']

const birnam = join(import.meta.dirname, '../../tools/birnam')
const tokens = /\.[0-9a-f]{32}\b/

test('no command’s --json tells a secret of the site, nor does a server’s log', { timeout: 120_000 }, async () => {
  using house = openHouse(site)
  using shell = openShell(house.directory)
  happened(house.directory, shell.data)
  const tree = join(shell.data, 'tree')
  mkdirSync(join(tree, 'etc'), { recursive: true })
  writeFileSync(join(tree, 'etc/shadow'), `root:$6$salt$${word}:1::::::\n`)
  const conf = `subnet 10.77.0.0 netmask 255.255.255.0 { }\nkey k { algorithm hmac-md5; secret "${word}"; }\n`
  writeFileSync(join(tree, 'dhcpd.conf'), conf)
  const database = { type: 'mysql', password: `${word}-db` }
  const reservation = { 'hw-address': '52:54:00:77:00:05', 'user-context': { password: `${word}-host` } }
  const kea = { 'hosts-database': database, subnet4: [{ subnet: '10.77.0.0/24', reservations: [reservation] }] }
  writeFileSync(join(tree, 'kea.conf'), JSON.stringify({ Dhcp4: kea }))
  writeFileSync(
    join(tree, 'dnsmasq.conf'),
    `dhcp-range=10.77.0.100,10.77.0.199\nconf-script=curl http://u:${word}@x/\n`,
  )
  writeFileSync(join(tree, 'grub.cfg'), `menuentry a { linux /dhcpd.conf ks=http://u:${word}@x/?${word} k=${word} }\n`)
  writeFileSync(join(tree, 'boot.ipxe'), `#!ipxe\nkernel dhcpd.conf ks=http://u:${word}@x/?${word} k=${word}\nboot\n`)
  writeFileSync(join(tree, 'broken.conf'), conf.replaceAll(/[";]/g, ''))
  mkdirSync(join(tree, 'pxelinux.cfg'))
  const menu = `MENU MASTER PASSWD ${word}\nDEFAULT a\nLABEL a\nKERNEL dhcpd.conf\n`
  writeFileSync(
    join(tree, 'pxelinux.cfg/default'),
    `${menu}APPEND ks=http://u:${word}@x/?${word} k=${word}\nLABEL b\nKERNEL dhcpd.conf\nAPPEND install=${word} x\n`,
  )
  // The same site with every secret changed.
  const others = Object.entries(site).map(([name, text]) => [name, text.replaceAll(word, `${word}-new`)])
  using other = openHouse(Object.fromEntries(others))
  for (const command of (await commandsIn()).map((path) => path.join(' ')).filter((name) => !groups.includes(name))) {
    expect(lines[command], `what to type for birnam ${command} stands in this test`).toBeDefined()
    for (const line of lines[command]!) {
      const words = [...line.replace('TREE', tree).replace('OTHER', other.directory).split(' '), '--json']
      const { out, err } = command === 'serve' ? served(house.directory, shell.data) : await shell.type(...words)
      expect(JSON.parse(out), line).toBeTypeOf('object')
      expect(`${out}${err}`, line).not.toMatch(new RegExp(`${word}|${Buffer.from(`${word}-pw`).toString('base64')}`))
      // The URL of an update is what is asked for: one address, one hour.
      expect(out.replaceAll(/\/u\/[\w.-]+/g, ''), line).not.toMatch(tokens)
    }
  }
})

function served(directory: string, data: string): { readonly out: string; readonly err: string } {
  const words = ['serve', '--verbose', '--json', '--site', directory, '--data', data]
  const { stdout, stderr } = spawnSync(birnam, words, { encoding: 'utf8', timeout: 30_000 })
  return { out: stdout, err: stderr }
}

/** Both machines have booted, and their installers told more than they should have. */
function happened(directory: string, data: string): void {
  using stack = new DisposableStack()
  const database = stack.adopt(openDatabase(data), (open) => open.close())
  const addresses = { leaseOf: () => undefined, holderOf: () => undefined }
  const { house, shelf } = openCore({ database, site: loadSite(directory), addresses, httpPort: () => 80 })
  stack.defer(() => house.journal.flush())
  for (const { name, macs, ip } of house.registry.site.machines) {
    if (macs[0] === mac) arm({ house }, name)
    const boot = advise(house, { door: 'dhcp', asker: 'firmware', arch: 0, mac: macs[0]! }, own)
    const from = { carrier: 'http', peer: { address: ip!, port: 1 }, headers: {} } as const
    shelf.find(`${boot.boot!.file.replace(/[^/]+$/, '')}pxelinux.cfg/default`, from)
    const token = house.sessions.tokenOf(house.sessions.current(macs[0]!)!)
    shelf.find(`a/${token}`, from)
    const text = `set -x; curl http://10.77.0.1/a/${token}; mount -o pw=${word}-pw; join ${word}-token; $6$salt$${word} ${word}-luks ${word}-user`
    takeReport(
      house,
      token,
      { kind: 'log', text: name === 'duncan' ? text.replace(/ \S+-luks \S+-user/, '') : text },
      from.peer,
    )
    takeReport(house, token, { kind: 'failed', why: `http://duncan:${word}-url@10.77.0.1/ said no` }, from.peer)
  }
}
