import { expect, test } from 'vitest'
import { familyOf } from '../../src/answer/families.ts'
import { checkHouse } from '../../src/api/check.ts'
import { reinstall } from '../../src/api/desk.ts'
import { Fault } from '../../src/fault.ts'
import { mac, openHouse, own, type TestHouse } from '../house.ts'
import { contextFor, fullVars, installs, shipped } from './shipped.ts'

const bootCfg = `bootstate=0
title=Loading ESXi installer
prefix=
kernel=/b.b00
kernelopt=runweasel cdromBoot
modules=/jumpstrt.gz --- /useropts.gz --- /k.b00
build=8.0.3-0.0.24022510
`
const fleet = (family: string, loader = 'auto'): string => `
machines: [{ name: duncan, mac: "${mac}", ip: ${own}, profile: p, loader: ${loader} }]
profiles:
  - name: p
    kind: install
    distro: d
    answer: kickstart/${family === 'esxi' ? 'esxi/ks.cfg' : 'windows/unattend.xml'}.hbs
    vars: { root_password_hash: $6$a$b, administrator_password: Dunsinane }
distros:
  - { name: d, family: esxi, version: 8, kernel: esxi/mboot.c32 }
  - { name: w, family: windows, version: 2025, kernel: win/wimboot, initrd: [win/BCD, win/boot.sdi, win/boot.wim, win/curl.exe], tree: "http://10.77.0.1/install.wim" }
`
const medium = {
  'files/esxi/boot.cfg': bootCfg,
  'files/esxi/mboot.c32': 'x',
  'files/esxi/mboot.efi': 'x',
  'files/esxi/b.b00': 'x',
  ...Object.fromEntries(
    ['wimboot', 'BCD', 'boot.sdi', 'boot.wim', 'curl.exe'].map((name) => [`files/win/${name}`, 'x']),
  ),
}

async function armed(family: 'esxi' | 'windows', loader?: string): Promise<TestHouse> {
  const text = fleet(family, loader)
  const house = openHouse({
    'fleet.yaml': family === 'esxi' ? text : text.replace('distro: d\n', 'distro: w\n'),
    ...medium,
  })
  await reinstall(house.house, 'duncan', { by: 'a test' })
  return house
}

function boot(house: TestHouse, name: string): { readonly text: string; readonly path: string } {
  const session = house.house.sessions.arriving(mac, house.now)
  const path = `s/${session.id}/`
  return { path, text: house.text(path + name) }
}

test('ESXi: PXELINUX starts mboot.c32 with a boot.cfg that it fetches by TFTP, and that names its own folder', async () => {
  using house = await armed('esxi')
  const { text, path } = boot(house, 'pxelinux.cfg/default')
  const [, config] = / {2}KERNEL esxi\/mboot\.c32\n {2}APPEND -c (a\/\S+\/boot-tftp\.cfg)\n/.exec(text)!
  expect(house.text(path + config, { carrier: 'tftp' })).toMatch(
    /^prefix=esxi\nkernel=b\.b00\nkernelopt=runweasel ks=http:\/\/10\.77\.0\.1\/a\/\S+\/ks\.cfg netdevice=52:54:00:77:00:01 bootproto=dhcp\nmodules=jumpstrt\.gz --- useropts\.gz --- k\.b00\nbuild=8\.0\.3-0\.0\.24022510\nupdated=0$/m,
  )
  expect(house.ask(`${path}esxi/b.b00`)).toMatchObject({ kind: 'file' })
})

test('ESXi: iPXE starts mboot.efi on UEFI alone, with a boot.cfg of URLs', async () => {
  using house = await armed('esxi')
  const { text, path } = boot(house, 'boot.ipxe')
  expect(text).toContain('iseq ${platform} efi || goto ~failed\nimgfree\n')
  const [, url] = new RegExp(
    `kernel http://10.77.0.1/${path}esxi/mboot.efi -c http://10.77.0.1/(a/\\S+/boot.cfg) \\|\\|`,
  ).exec(text)!
  expect(house.text(url!)).toContain('\nprefix=http://10.77.0.1/esxi\nkernel=b.b00\n')
})

test('Windows: iPXE fetches what the distro names and what this machine alone gets, each under its own name', async () => {
  using house = await armed('windows')
  const { text, path } = boot(house, 'boot.ipxe')
  expect(text).toContain(
    `kernel http://10.77.0.1/${path}win/wimboot || goto ~failed\ninitrd --name BCD http://10.77.0.1/${path}win/BCD BCD || goto`,
  )
  const [, url] =
    /initrd --name startnet\.cmd http:\/\/10\.77\.0\.1\/(a\/\S+)\/startnet\.cmd startnet\.cmd \|\| goto ~failed\n/.exec(
      text,
    )!
  expect(house.text(`${url}/startnet.cmd`)).toMatch(/^@echo off\r\n[^]*\r\n$/)
  expect(house.text(`${url}/unattend.xml`)).toContain('<Value>Dunsinane</Value>')
  for (const name of ['unattend.xml', 'startnet.cmd', 'done.cmd'])
    expect(house.ask(`${url}/${name}`, { from: '10.77.0.99' })).toMatchObject({ kind: 'refused', status: 403 })
  house.house.permits.end('duncan', 'done', house.now)
  expect(house.ask(`${url}/unattend.xml`)).toMatchObject({ kind: 'refused', status: 410 })
})

test.each([
  ['windows', 'pxelinux.cfg/default', 'PXELINUX cannot start p'],
  ['windows', 'grub.cfg', 'GRUB cannot start p'],
  ['esxi', 'grub.cfg', 'GRUB cannot start p'],
] as const)('%s at %s is refused: %s', async (family, name, message) => {
  using house = await armed(family)
  const { path } = boot(house, name)
  expect(house.ask(path + name)).toMatchObject({ kind: 'refused', message: expect.stringContaining(message) as string })
})

test('check names the firmware whose loader cannot start it; with none that can it is an error', async () => {
  const said = async (family: 'esxi' | 'windows', loader?: string): Promise<readonly string[]> => {
    using house = await armed(family, loader)
    const findings = await checkHouse(house.house, house.shelf, () => Promise.resolve([]))
    return findings.flatMap(({ severity, message }) =>
      message.includes('cannot start') ? [`${severity} ${message}`] : [],
    )
  }
  expect(await said('esxi')).toEqual(['warning with UEFI x64 PXE: GRUB cannot start p'])
  expect(await said('windows')).toEqual([
    'error with BIOS PXE ROM: PXELINUX cannot start p',
    'error with UEFI x64 PXE: GRUB cannot start p',
  ])
  expect(await said('windows', 'ipxe')).toEqual([])
})

test('a medium that is not there, or has another boot.cfg, is told by its name', async () => {
  for (const [text, message] of [
    [undefined, 'esxi/boot.cfg is not in the site'],
    ['kernel=/b.b00\n', 'esxi/boot.cfg names no kernel or no modules'],
  ] as const) {
    const { 'files/esxi/boot.cfg': _, ...rest } = medium
    using house = openHouse({
      'fleet.yaml': fleet('esxi'),
      ...rest,
      ...(text !== undefined && { 'files/esxi/boot.cfg': text }),
    })
    await reinstall(house.house, 'duncan', { by: 'a test' })
    const { text: menu, path } = boot(house, 'pxelinux.cfg/default')
    const config = /-c (\S+)/.exec(menu)![1]!
    expect(house.ask(path + config)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(message) as string,
    })
  }
})

const esxi = familyOf({ family: 'esxi' })
const good = 'vmaccepteula\nrootpw --iscrypted $6$a$b\nnetwork --bootproto=dhcp\n%include /tmp/disk\n'

test.each([
  [good.replace('vmaccepteula', '# none'), 1, 'without vmaccepteula the installer asks'],
  [good.replace('--iscrypted $6$a$b', 'secret'), 2, /^rootpw holds a password in clear text/],
  [good.replace(/rootpw.*/, ''), 1, 'without rootpw the installer stops'],
  [good.replace(/%include.*/, ''), 1, 'without install no disk is chosen, and the installer stops'],
  [good.replace(/%include.*/, 'install --firstdisk --overwritevmfs'), 4, /^--firstdisk lets the order of disks decide/],
  [`${good}%post\nrootpw x\n`, 5, '%post needs --interpreter=busybox or python'],
])('ESXi %j is wrong in line %d: %s', (text, line, message) => {
  expect(esxi.check(good, '8')).toEqual([])
  expect(esxi.check(text, '8')).toMatchObject([
    { line, message: typeof message === 'string' ? message : (expect.stringMatching(message) as string) },
  ])
})

const windows = familyOf({ family: 'windows' })
const unattend = '<unattend xmlns="urn:schemas-microsoft-com:unattend">\n<settings pass="specialize"/>\n</unattend>\n'

test.each([
  [unattend.replace('</unattend>', ''), 1, /^no XML: /],
  ['<a/>', 1, 'there is no <unattend xmlns="urn:schemas-microsoft-com:unattend">'],
  [unattend.replace('specialize', 'oobe'), 2, 'Windows knows no pass oobe'],
  [
    unattend.replace('<settings', '<AutoLogon></AutoLogon><settings'),
    2,
    'AutoLogon leaves a session open to whoever stands there',
  ],
])('unattend %j is wrong in line %d: %s', (text, line, message) => {
  expect(windows.check(unattend, '11')).toEqual([])
  expect(windows.check(text, '11')).toMatchObject([
    { line, message: typeof message === 'string' ? message : (expect.stringMatching(message) as string) },
  ])
})

const install = installs.find(({ family }) => family === 'windows')!

test.each(['x & evil', 'x | evil', '%evil%', '!evil!', 'x" evil', 'x > evil', 'x\r\nevil', '(evil)', 'x^', 'é'])(
  'a value %j never reaches cmd.exe',
  (value) => {
    for (const [name, vars] of [
      ['startnet', { disk: value }],
      ['startnet', { image_sha256: value }],
      ['done', { root_ssh_keys: [value] }],
    ] as const)
      expect(() =>
        shipped.render(`kickstart/windows/${name}.cmd.hbs`, contextFor(install, { ...fullVars, ...vars }), 'duncan'),
      ).toThrow(Fault)
  },
)

test('startnet wipes only after the disk is counted, and says failed on every way out; SetupComplete says done last', () => {
  const render = (name: string): string =>
    shipped.render(`kickstart/windows/${name}.cmd.hbs`, contextFor(install, fullVars), 'x')
  const start = render('startnet')
  expect(start.indexOf('goto failed')).toBeLessThan(start.indexOf('clean'))
  expect(start).not.toMatch(/net use|\\\\[a-z]/i)
  expect(start.slice(start.indexOf(':failed'))).toContain('kind=failed')
  const done = render('done')
  expect(done.lastIndexOf('kind=done')).toBeGreaterThan(done.lastIndexOf('kind=failed'))
})
