import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openShell } from '../cli/typed.ts'
import { systemPath } from '../lab/system-path.ts'

const env = { ...process.env, PATH: systemPath }
const site = mkdtempSync(join(tmpdir(), 'birnam-snippet-'))
afterAll(() => rmSync(site, { recursive: true }))
writeFileSync(join(site, 'birnam.yaml'), 'address: 10.77.0.1\nhttp: { port: 8080 }\n')

async function snippet(...words: readonly string[]): Promise<string> {
  using shell = openShell(site)
  const { code, out, err } = await shell.type('dhcp-snippet', ...words)
  expect([code, err]).toEqual([0, ''])
  return out
}

/** Asks the server's own program about a file with the snippet in it; undefined where it is not installed. */
function asks(name: string, text: string, ...words: readonly string[]): string {
  const file = join(site, `${name}.conf`)
  writeFileSync(file, text)
  const done = spawnSync(
    name,
    [...words, file].map((word) => word.replace(/=$/, `=${file}`)),
    { encoding: 'utf8', env },
  )
  return done.status === 0 ? 'good' : done.stdout + done.stderr
}

function needs(name: string): ReturnType<typeof test.skipIf> {
  return test.skipIf(spawnSync(name, ['--version'], { env }).error !== undefined)
}

needs('dnsmasq')('dnsmasq --test takes what is printed for it (skipped without dnsmasq)', async () => {
  const text = await snippet('--for', 'dnsmasq')
  expect(asks('dnsmasq', `port=0\n${text}`, '--test', '-C')).toBe('good')
  expect(text).toContain('dhcp-boot=tag:birnam-7,tag:!birnam-ipxe,shimx64.efi,10.77.0.1,10.77.0.1')
  expect(text).toContain('dhcp-option-force=tag:birnam-16,tag:!birnam-ipxe,60,HTTPClient')
})

needs('dhcpd')('dhcpd -t takes what is printed for it (skipped without isc-dhcp-server)', async () => {
  const text = await snippet('--for', 'isc')
  expect(
    asks(
      'dhcpd',
      `${text}\nsubnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; }\n`,
      '-t',
      '-4',
      '-cf',
    ),
  ).toBe('good')
  expect(text).toContain('filename "http://10.77.0.1:8080/snponly.efi";')
})

needs('kea-dhcp4')('kea-dhcp4 -t takes what is printed for it (skipped without kea-dhcp4-server)', async () => {
  const text = await snippet('--for', 'kea')
  expect(asks('kea-dhcp4', text, '-t')).toBe('good')
})

test('for programs: the rows of the architecture table, and the script of iPXE', async () => {
  expect(JSON.parse(await snippet('--for', 'kea', '--json'))).toMatchObject({
    server: '10.77.0.1',
    ipxe: 'http://10.77.0.1:8080/boot.ipxe-01-${netX/mac:hexhyp}',
    rows: expect.arrayContaining([
      { arch: 0, kind: 'bios x86_64', http: false, file: 'pxelinux.0' },
      { arch: 16, kind: 'uefi x86_64 HTTP boot', http: true, file: 'http://10.77.0.1:8080/snponly.efi' },
    ]) as unknown,
  })
})

test('a site without an address, and a server that nobody knows, are told', async () => {
  const bare = mkdtempSync(join(tmpdir(), 'birnam-snippet-'))
  writeFileSync(join(bare, 'birnam.yaml'), 'http: { port: 8080 }\n')
  using shell = openShell(bare)
  const none = await shell.type('dhcp-snippet', '--for', 'isc')
  expect([none.code, none.err]).toEqual([1, expect.stringMatching(/the site names no address of this server/)])
  const wrong = await shell.type('dhcp-snippet', '--for', 'windows')
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/isc, kea, dnsmasq/)])
  rmSync(bare, { recursive: true })
})
