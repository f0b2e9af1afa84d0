import { mkdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { importDnsmasq } from '../../src/takeover/dnsmasq/import.ts'
import { importDhcpd } from '../../src/takeover/dhcpd/import.ts'
import { importKea } from '../../src/takeover/kea/import.ts'
import { importPxelinux } from '../../src/takeover/pxelinux/import.ts'
import { typed } from '../cli/typed.ts'
import { openOld } from './place.ts'

const kea = '// x\n{ "Dhcp4": { "subnet4": [] } }\n'
const dhcpd = '# dhcp-range=\nsubnet 10.77.0.0 netmask 255.255.255.0 { }\n'
const dnsmasq = '# subnet\ndhcp-range=10.77.0.1,10.77.0.9\n'

test.each([
  ['a kea-dhcp4.conf', 'kea', kea, importDhcpd],
  ['a kea-dhcp4.conf', 'kea', kea, importDnsmasq],
  ['a dhcpd.conf', 'dhcpd', dhcpd, importKea],
  ['a dhcpd.conf', 'dhcpd', dhcpd, importDnsmasq],
  ['a dhcpd.conf', 'dhcpd', 'lease 10.77.0.9 {\n}\n', importKea],
  ['a dnsmasq.conf', 'dnsmasq', dnsmasq, importDhcpd],
  ['a dnsmasq.conf', 'dnsmasq', dnsmasq, importPxelinux],
  ['a menu of PXELINUX', 'pxelinux', 'DEFAULT a\nLABEL a\nKERNEL k\n', importDnsmasq],
  ['a script of iPXE', 'ipxe', '#!ipxe\nboot\n', importKea],
  ['a grub.cfg', 'grub', "menuentry 'x' {\n}\n", importDhcpd],
])('%s that is given to another importer is named: birnam import %s', (what, importer, text, run) => {
  using old = openOld({ file: text })
  const file = old.at('file')
  expect(() => run(file, { site: old.site, dryRun: false })).toThrow(
    expect.objectContaining({
      message: expect.stringContaining(`${file} is ${what}`) as unknown,
      detail: expect.objectContaining({ hint: `birnam import ${importer} ${file}` }) as unknown,
    }),
  )
})

test('a kea-dhcp6.conf is named as what nobody here reads', () => {
  using old = openOld({ file: '{ "Dhcp6": { } }' })
  expect(() => importKea(old.at('file'), { site: old.site, dryRun: false })).toThrow(
    /is a kea-dhcp6\.conf, and IPv6 is not taken/,
  )
})

test('a directory of another server is named by the command that reads it', async () => {
  using old = openOld({ 'tftp/pxelinux.cfg/default': '', 'kea/kea-dhcp4.conf': kea })
  mkdirSync(old.at('cobbler/collections/distros'), { recursive: true })
  const told = async (...words: readonly string[]): Promise<string> =>
    (await typed(['node', 'birnam', '--site', old.site, '--data', old.at('data'), 'import', ...words])).err
  expect(await told('cobbler', old.at('tftp'))).toMatch(/a TFTP root with menus of PXELINUX[^]*birnam import pxelinux/)
  expect(await told('pxelinux', old.at('cobbler'))).toMatch(/a Cobbler server[^]*birnam import cobbler/)
  expect(await told('dhcpd', old.at('kea'))).toMatch(/birnam import kea .*kea\/kea-dhcp4\.conf/)
})
