import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { importDhcpd } from '../../src/takeover/dhcpd/import.ts'
import { systemPath } from '../lab/system-path.ts'
import { hosts, office, ranges } from '../takeover/dhcpd/files.ts'
import { openOld, type OldPlace } from '../takeover/place.ts'

function dhcpd(...words: readonly string[]): { readonly status: number | null; readonly stderr: string } {
  return spawnSync('dhcpd', words, { encoding: 'utf8', env: { ...process.env, PATH: systemPath } })
}

function asks(old: OldPlace): ReturnType<typeof dhcpd> {
  return dhcpd('-t', '-4', '-cf', old.at('dhcpd.conf'), '-lf', old.at('leases'))
}

const installed = dhcpd('--version').stderr?.startsWith('isc-dhcpd') ?? false

test.skipIf(!installed).each([
  ['an office', office],
  ['hosts that claim the same', hosts],
  ['ranges for some', ranges],
])('%s: dhcpd -t takes the file that the tests import (skipped without isc-dhcp-server)', (_, text) => {
  using old = openOld({ 'dhcpd.conf': text, leases: '' })
  const { status, stderr } = asks(old)
  expect([status, stderr]).toEqual([0, expect.stringContaining('Internet Systems Consortium DHCP Server')])
})

test.skipIf(!installed).each([
  ['a subnet with host bits', 'subnet 10.77.0.7 netmask 255.255.255.0 { }\n'],
  ['a block that is not closed', 'subnet 10.77.0.0 netmask 255.255.255.0 {\n'],
  ['a statement without its end', 'subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.1 }\n'],
  ['a brace too many', 'subnet 10.77.0.0 netmask 255.255.255.0 { }}\n'],
  ['a text without its end', 'option domain-name "example.org;\n'],
])('%s: dhcpd refuses it too (skipped without isc-dhcp-server)', (_, text) => {
  using old = openOld({ 'dhcpd.conf': text, leases: '' })
  expect(asks(old)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('Configuration file errors') as unknown,
  })
  expect(() => importDhcpd(old.at('dhcpd.conf'), { site: old.site, dryRun: true })).toThrow()
})
