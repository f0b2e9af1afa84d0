import { expect, test } from 'vitest'
import { importDnsmasq } from '../../../src/takeover/dnsmasq/import.ts'
import type { NetworkReport } from '../../../src/takeover/network/write.ts'
import { openOld, sentences, type OldFiles, type OldPlace } from '../place.ts'

const cellar = `# dnsmasq of the cellar
domain-needed
interface=eth0
domain=example.org
dhcp-range=set:low,10.77.0.100,10.77.0.199,255.255.255.0,12h
dhcp-range=10.78.0.10,10.78.0.20,30m
dhcp-range=tag:guest,10.78.0.30,10.78.0.40
dhcp-range=fd77::10,fd77::20
dhcp-option=3,10.78.0.1
dhcp-option=tag:low,option:router,10.77.0.1
dhcp-option=option:dns-server,10.77.0.2,10.77.0.3
dhcp-option=150,10.77.0.9
dhcp-host=52:54:00:77:05:01,52:54:00:77:05:02,set:kings,10.77.0.11,alder,infinite
dhcp-host=52:54:00:77:05:03,beech # a comment
dhcp-host=id:01:02,10.77.0.13,cedar
dhcp-host=52:54:00:*:*:*,ignore
dhcp-boot=tag:pxe,pxelinux.0,srv,10.77.0.9
pxe-service=x86PC,"Boot, now",pxelinux
enable-tftp
tftp-root=/srv/tftp
dhcp-script=/bin/x
server=9.9.9.9
conf-dir=/etc/dnsmasq.d,*.conf
conf-file=/etc/passwd
dhcp-hostsfile=hosts
`

const more = {
  'etc/dnsmasq.d/a.conf': 'dhcp-host=52:54:00:77:05:04,dogwood\n',
  'etc/dnsmasq.d/a.bak': 'dhcp-host=52:54:00:77:05:09,never\n',
  'etc/hosts': '# more\n52:54:00:77:05:05,elm,10.77.0.15\n',
}

function openDnsmasq(text: string, files: OldFiles = {}): OldPlace {
  return openOld({ 'etc/dnsmasq.conf': text, ...files })
}

function take(old: OldPlace): NetworkReport {
  return importDnsmasq(old.at('etc/dnsmasq.conf'), { site: old.site, dryRun: false })
}

test('ranges and hosts of dnsmasq become a site that answers nobody yet', async () => {
  using old = openDnsmasq(cellar, more)
  expect(take(old)).toMatchObject({ machines: 4, subnets: 2, groups: 1, files: ['birnam.yaml', 'dnsmasq.yaml'] })
  expect(await old.errors()).toEqual([])
  const { server, machines, groups } = old.load()
  expect(server.dhcp.mode).toBe('off')
  expect(
    server.dhcp.subnets.map(({ router, dns, domain, lease, ranges }) => [
      router,
      dns.join(),
      domain,
      lease,
      ranges.length,
    ]),
  ).toEqual([
    ['10.77.0.1', '10.77.0.2,10.77.0.3', 'example.org', 43_200, 1],
    ['10.78.0.1', '10.77.0.2,10.77.0.3', 'example.org', 1800, 1],
  ])
  expect(machines.map(({ name, macs, ip }) => [name, macs.length, ip])).toEqual([
    ['alder', 2, '10.77.0.11'],
    ['beech', 1, undefined],
    ['dogwood', 1, undefined],
    ['elm', 1, '10.77.0.15'],
  ])
  expect(groups.map(({ name, machines: members }) => [name, members])).toEqual([['kings', ['alder']]])
})

test('what dnsmasq did and Birnam does not is told with its line', () => {
  using old = openDnsmasq(cellar, more)
  const { left, todo } = take(old)
  expect(sentences(left).map((each) => each.replace(/: .*/, ''))).toEqual([
    expect.stringMatching(/passwd is not there, or outside of the directory/),
    '8 dhcp-range',
    '13 dhcp-host',
    '15 dhcp-host',
    '16 dhcp-host with ignore',
    '12 dhcp-option 150',
    '2 domain-needed',
    '17 dhcp-boot',
    '18 pxe-service',
    '19 enable-tftp',
    '20 tftp-root',
    '21 dhcp-script',
    '22 server',
  ])
  expect(todo).toEqual([
    expect.stringMatching(/^dhcp\.mode: server and dhcp\.interfaces in birnam\.yaml, when the old dnsmasq is stopped/),
    expect.stringMatching(/^cidr: of 10\.78\.0\.0\/24: its dhcp-range says no netmask/),
    expect.stringMatching(/^range: 10\.78\.0\.30-10\.78\.0\.40 in 10\.78\.0\.0\/24, if you mean it/),
    expect.stringMatching(/^mac: of cedar/),
    expect.stringMatching(/^what the machines become/),
  ])
})

test.each([
  ['an include of itself', 'conf-file=dnsmasq.conf\n', /includes itself/],
  ['a NUL', 'dhcp-range=10.77.0.1\0\n', /NUL/],
  ['nothing that is a machine', 'domain-needed\nenable-tftp\n', /names no dhcp-range and no dhcp-host/],
])('%s is one sentence, and nothing is written', (_, text, message) => {
  using old = openDnsmasq(text)
  expect(() => take(old)).toThrow(message)
  expect(() => old.text('dnsmasq.yaml')).toThrow()
})

test.each([
  'dhcp-range=10.77.0.9,10.77.0.1',
  'dhcp-range=10.77.0.9,10.80.0.1',
  'dhcp-range=,,,',
  'dhcp-range=10.77.0.9,10.77.0.20,255.0.255.0',
  'dhcp-host=,,',
  'dhcp-host=set:a b,52:54:00:77:05:01',
  '=x',
  'dhcp-option=',
  `dhcp-host=${'x'.repeat(5000)}`,
])('%s does no harm', async (line) => {
  using old = openDnsmasq(`dhcp-host=52:54:00:77:05:06,fir\n${line}\n`)
  take(old)
  expect(old.load().machines[0]?.name).toBe('fir')
  expect(await old.errors()).toEqual([])
})
