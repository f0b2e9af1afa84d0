import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { RootReport } from '../../../src/takeover/profiles/import.ts'
import { importPxelinux } from '../../../src/takeover/pxelinux/import.ts'
import { typed } from '../../cli/typed.ts'
import { openOld, sentences, type OldFiles, type OldPlace } from '../place.ts'
import { tftp } from './files.ts'

function take(old: OldPlace, directory = 'tftp'): RootReport {
  return importPxelinux(old.at(directory), { site: old.site, dryRun: false })
}

/** A root with one menu, for the machine 52:54:00:77:00:01. */
function openMenu(menu: string, more: OldFiles = {}): OldPlace {
  return openOld({ 'tftp/k': 'kernel', 'tftp/i': 'initrd', 'tftp/pxelinux.cfg/01-52-54-00-77-00-01': menu, ...more })
}

/** The machine's profile, when it boots a kernel. */
function booted(old: OldPlace): unknown {
  const { machines, profiles } = old.load()
  const profile = profiles.find(({ name }) => name === machines[0]?.profile)
  return profile?.kind === 'live' ? [profile.name, profile.kernel, profile.initrd.join(), profile.args] : profile?.kind
}

test('a grown TFTP root becomes a site in which birnam check finds no error', async () => {
  using old = openOld(tftp)
  const report = take(old)
  expect(report).toMatchObject({ machines: 3, groups: 0, distros: 2 })
  expect(await old.errors()).toEqual([])
  const { machines, profiles } = old.load()
  expect(machines.map(({ name, macs, profile }) => [name, macs[0], profile])).toEqual([
    ['52-54-00-77-00-01', '52:54:00:77:00:01', 'linux'],
    ['52-54-00-77-00-02', '52:54:00:77:00:02', 'linux'],
    ['52-54-00-77-00-05', '52:54:00:77:00:05', 'web'],
  ])
  expect(profiles.map(({ name, kind }) => `${name}: ${kind}`)).toEqual([
    'linux: live',
    'web: install',
    'rescue: live',
    'deb: install',
    'memtest: live',
    'menu-tools.menu: menu',
    'menu-default: menu',
  ])
  expect(profiles.find(({ name }) => name === 'menu-default')).toMatchObject({
    entries: ['rescue', 'web', 'deb', 'menu-tools.menu'],
    title: 'Boot menu',
    timeout: 10,
  })
  expect(old.text('files/rescue/initrd.img')).toBe('rescue initrd')
})

test('what could not be taken is listed with its line; nothing leads out of the directory', () => {
  using old = openOld(tftp)
  const { left, todo } = take(old)
  expect(left.map(({ file, line, why }) => `${file}:${line ?? ''} ${why}`)).toEqual([
    'pxelinux.cfg/01-52-54-00-77-00-03: is a link that leads out of the directory',
    'pxelinux.cfg/01-52-54-00-77-00-04: is a link that leads in a circle',
    expect.stringMatching(/^pxelinux\.cfg\/default:6 MENU PASSWD/),
    expect.stringMatching(
      /^pxelinux\.cfg\/default:24 LABEL debmanual: --- looks like an installer, .*kind: install.*kind: live/,
    ),
    expect.stringMatching(
      /^pxelinux\.cfg\/default:30 LABEL dban: nuke=… looks like a program that writes disks by itself/,
    ),
    'pxelinux.cfg/tools.menu:6 LABEL hdt: is hdt.c32, a program of its own and no Linux kernel',
    'pxelinux.cfg/tools.menu:8 LABEL gone: tools/gone is not there',
    expect.stringMatching(/^pxelinux\.cfg\/tools\.menu: its menu waits for ever/),
    expect.stringMatching(/^pxelinux\.cfg\/01-52-54-00-77-00-01\.ipxe: PXELINUX asks for no such name/),
    expect.stringMatching(/^pxelinux\.cfg\/0A4D: is for all machines whose address begins so.*profile: linux/),
  ])
  expect(todo.map((each) => each.replace(/[:,] .*/, ''))).toEqual([
    'answers/web.ks.hbs',
    'answers/deb.cfg.hbs',
    'answers/suse.hbs',
    'names of the machines',
    'mac',
    'who else gets menu-default',
  ])
  expect(JSON.stringify([left, todo]) + old.text('pxelinux.yaml')).not.toMatch(/secret|geheim|root:x/)
})

test('what installs is an install, whose old answer is copied where it can be had; else the installer asks, or it stays a comment', () => {
  using old = openOld(tftp)
  take(old)
  const { profiles, distros } = old.load()
  const { origin: _1, ...web } = profiles.find(({ name }) => name === 'web')!
  expect(web).toEqual({
    kind: 'install',
    name: 'web',
    distro: 'redhat-9',
    initrd: [],
    args: 'console=tty0',
    answer: 'answers/web.ks.hbs',
    vars: {},
  })
  const { origin: _2, ...distro } = distros[0]!
  expect(distro).toEqual({
    name: 'redhat-9',
    family: 'redhat',
    version: '9',
    kernel: 'files/rocky9/vmlinuz',
    initrd: ['files/rocky9/initrd.img'],
    args: '',
    tree: 'http://mirror.example.org/rocky/9',
  })
  expect(old.text('answers/web.ks.hbs')).toContain(`echo '\\{{ jinja }}' > /x`)
  expect(old.text('answers/deb.cfg.hbs')).toMatch(/^# The old answer was not at hand.*\n$/)
  expect(old.text('pxelinux.yaml')).toContain('# profiles:\n#   - name: suse\n#     kind: install\n')
})

test('after import dhcpd, files for addresses and for everybody find their machines; groups give them their profile', async () => {
  using old = openOld({
    ...tftp,
    'site/fleet.yaml': `machines:
  - { name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.12 }
  - { name: macbeth, mac: "52:54:00:77:00:99", ip: 10.77.0.11 }
  - { name: banquo, mac: "52:54:00:77:00:98", ip: 10.77.9.1 }
  - { name: fleance, mac: "52:54:00:77:00:97" }
  - { name: malcolm, mac: "52:54:00:77:00:02", profile: own }
profiles:
  - { name: own, kind: local }
  - { name: rescue, kind: local }
`,
  })
  const { left, todo } = take(old)
  expect(await old.errors()).toEqual([])
  expect(old.load().groups.map(({ name, machines, profile }) => [name, machines, profile])).toEqual([
    ['pxelinux-linux', ['duncan', 'banquo'], 'linux'],
    ['pxelinux-menu-default', ['macbeth', 'fleance'], 'menu-default'],
  ])
  expect(old.load().profiles.map(({ name }) => name)).toContain('rescue-2')
  expect(sentences(left, 'malcolm')).toEqual(['malcolm has the profile own in the site, and keeps it'])
  expect(todo.join()).not.toContain('mac: of')
})

test.each([
  ['a label', 'DEFAULT a\nLABEL a\nKERNEL k\nAPPEND initrd=i boot=live\n', ['a', 'files/k', 'files/i', 'boot=live']],
  [
    'keywords in capitals, carriage returns, tabs and comments',
    '# c\r\ndefault a\r\n\tlabel a\r\n\t\tkernel\tmemtest\r\n append   x=1   y \r\n',
    ['a', 'files/memtest', '', 'x=1 y'],
  ],
  ['APPEND for all', 'APPEND all=1\nDEFAULT a\nLABEL a\nKERNEL memtest\n', ['a', 'files/memtest', '', 'all=1']],
  [
    'an own APPEND instead of that',
    'APPEND all=1\nDEFAULT a\nLABEL a\nKERNEL memtest\nAPPEND own=1\n',
    ['a', 'files/memtest', '', 'own=1'],
  ],
  ['APPEND - for none', 'APPEND all=1\nDEFAULT a\nLABEL a\nKERNEL memtest\nAPPEND -\n', ['a', 'files/memtest', '', '']],
  ['no KERNEL: the label is one', 'DEFAULT memtest\nLABEL memtest\nAPPEND x=1\n', ['memtest', 'files/memtest', '', 'x=1']],
  ['LINUX after KERNEL', 'DEFAULT a\nLABEL a\nKERNEL i\nLINUX memtest\n', ['a', 'files/memtest', '', '']],
  ['words behind KERNEL', 'DEFAULT a\nLABEL a\nKERNEL memtest x=1\nAPPEND y=2\n', ['a', 'files/memtest', '', 'x=1 y=2']],
  ['a default with more words', 'DEFAULT a z=3\nLABEL a\nKERNEL memtest\nAPPEND y=2\n', ['a-2', 'files/memtest', '', 'y=2 z=3']],
  ['a default that is a kernel', 'APPEND all=1\nDEFAULT k initrd=i boot=live\n', ['k', 'files/k', 'files/i', 'all=1 boot=live']],
  ['INITRD with two', 'DEFAULT a\nLABEL a\nKERNEL k\nINITRD i, ::/i2\nAPPEND boot=live\n', ['a', 'files/k', 'files/i,files/i2', 'boot=live']],
  [
    'IPAPPEND 3',
    'DEFAULT a\nLABEL a\nKERNEL memtest\nIPAPPEND 3\n',
    ['a', 'files/memtest', '', 'ip=dhcp BOOTIF={{machine.bootif}}'],
  ],
  [
    'SYSAPPEND for all, and ip= that is there',
    'SYSAPPEND 1\nDEFAULT a\nLABEL a\nKERNEL memtest\nAPPEND ip=1.2.3.4\n',
    ['a', 'files/memtest', '', 'ip=1.2.3.4'],
  ],
  [
    'ONTIMEOUT',
    'UI menu.c32\nTIMEOUT 50\nONTIMEOUT b\nLABEL a\nLOCALBOOT 0\nLABEL b\nKERNEL memtest\n',
    ['b', 'files/memtest', '', ''],
  ],
  [
    'MENU DEFAULT',
    'UI menu.c32\nTIMEOUT 50\nLABEL a\nLOCALBOOT 0\nLABEL b\nMENU DEFAULT\nKERNEL memtest\n',
    ['b', 'files/memtest', '', ''],
  ],
  [
    'the first of a menu',
    'DEFAULT vesamenu.c32\nTIMEOUT 50\nLABEL b\nKERNEL memtest\nLABEL a\nLOCALBOOT 0\n',
    ['b', 'files/memtest', '', ''],
  ],
  ['an entry of another file', 'DEFAULT a\nLABEL a\nCONFIG pxelinux.cfg/more\n', ['c', 'files/memtest', '', '']],
  ['an included label', 'DEFAULT c\nINCLUDE pxelinux.cfg/more\n', ['c', 'files/memtest', '', '']],
  ['LOCALBOOT', 'DEFAULT a\nLABEL a\nLOCALBOOT -1\n', 'local'],
  ['chain.c32', 'DEFAULT a\nLABEL a\nCOM32 chain.c32\nAPPEND hd0 0\n', 'local'],
  ['a prompt that waits', 'PROMPT 1\nDEFAULT a\nLABEL a\nKERNEL memtest\n', 'menu'],
  ['no default at all', 'LABEL a\nKERNEL memtest\n', 'menu'],
  [
    'a menu whose time ends at the disk',
    'UI menu.c32\nTIMEOUT 50\nDEFAULT d\nLABEL a\nKERNEL memtest\nLABEL d\nLOCALBOOT 0\n',
    'menu',
  ],
  ['a menu with nothing but the disk', 'UI menu.c32\nTIMEOUT 50\nLABEL d\nLOCALBOOT 0\n', 'local'],
  ['a quoted argument', 'DEFAULT a\nLABEL a\nKERNEL memtest\nAPPEND x="1 2"\n', undefined],
  ['memdisk', 'DEFAULT a\nLABEL a\nKERNEL memdisk\nINITRD i\n', undefined],
  ['memdisk named by LINUX', 'DEFAULT a\nLABEL a\nLINUX memdisk\nINITRD i\nAPPEND raw boot=live\n', undefined],
  ['wimboot', 'DEFAULT a\nLABEL a\nLINUX wimboot\nINITRD i\n', undefined],
  ['a URL as kernel', 'DEFAULT a\nLABEL a\nKERNEL http://old/k\n', undefined],
])('PXELINUX’s way with %s', async (_, menu, profile) => {
  using old = openMenu(menu, {
    'tftp/memtest': 'kernel',
    'tftp/pxelinux.cfg/more': 'DEFAULT c\nLABEL c\nKERNEL memtest\n',
    'tftp/i2': 'i',
    'tftp/memdisk': 'm',
    'tftp/wimboot': 'w',
  })
  take(old)
  expect(booted(old)).toEqual(profile)
  expect(await old.errors()).toEqual([])
})

test.each([
  ['inst.ks=nfs:old:/ks', 'redhat', 'unknown'],
  ['ks=http://old/centos7/ks.cfg ksdevice=bootif', 'redhat', '7'],
  ['ks', 'redhat', 'unknown'],
  ['auto url=autoserver', 'debian', 'unknown'],
  ['preseed/url=http://old/bookworm.cfg', 'debian', '12'],
])('%s is an install of %s, which without a permit boots the disk', async (append, family, version) => {
  using old = openMenu(`DEFAULT a\nLABEL a\nKERNEL k\nAPPEND initrd=i ${append} console=ttyS0\n`)
  take(old)
  const { machines, profiles, distros } = old.load()
  expect(machines[0]?.profile).toBe('a')
  expect(profiles[0]).toMatchObject({
    name: 'a',
    kind: 'install',
    args: expect.stringMatching(/console=ttyS0$/) as unknown,
  })
  expect(distros[0]).toMatchObject({ family, version, kernel: 'files/k', initrd: ['files/i'] })
  expect(await old.errors()).toEqual([])
})

test.each([
  ['autoinstall ds=nocloud-net;s=http://old/noble/ url=http://old/ubuntu-24.04.iso'],
  ['autoyast=http://old/ay.xml'],
  ['inst.auto=http://old/profile.json'],
  ['coreos.inst.install_dev=/dev/sda coreos.inst.ignition_url=http://old/c.ign'],
  ['inst.repo=http://mirror/9'],
  ['ds=nocloud;s=http://old/'],
  ['answerfile=http://old/xen.xml'],
  ['ocs_live_run="ocs-sr -g auto restoredisk img sda"'],
  ['FAI_ACTION=install'],
  ['talos.platform=metal'],
  ['IMAGESERVER=10.0.0.1'],
  ['--- quiet'],
  ['cloud-config-url=http://old/x'],
  ['url=http://old/desktop.iso boot=casper'],
  [''],
  ['root=/dev/ram0 rw'],
  ['root=/dev/sda1 ro'],
  ['rescue'],
  ['boot=live root=/dev/sda1 root=live:http://old/img'],
  ['ipa-api-url=http://10.77.0.9:6385'],
  ['pxe=1 kiwiserver=10.77.0.9 kiwiservertype=http'],
  ['rancher.state.autoformat=[/dev/sda]'],
  ['tinkerbell=http://10.77.0.9 worker_id=w1'],
  ['boot=casper netboot=nfs nfsroot=10.77.0.9:/srv/live automatic-ubiquity'],
  ['archisobasedir=arch archiso_http_srv=http://old/ script=http://old/x.sh'],
  ['archisobasedir=sysresccd archiso_http_srv=http://old/ ar_source=http://old/ar'],
  ['root=live:http://old/agama.iso agama.auto=http://old/p.json'],
  ['root=live:http://old/fedora.img rd.live.overlay=/dev/sda3'],
  ['root=01:00 umode=rcv disk=/dev/sda auto=yes'],
  ['boot=live fetch=http://old/fs.squashfs live-config.hooks=http://old/hook'],
  ['boot=live fetch=http://old/fs.squashfs persistence'],
  ['modloop=http://old/modloop apkovl=http://old/setup.tar.gz'],
  ['root=/dev/nfs nfsroot=10.77.0.9:/srv/nfsroot init=/deploy'],
])('%s never becomes what boots without a permit', async (append) => {
  using old = openMenu(`DEFAULT a\nLABEL a\nKERNEL k\nAPPEND initrd=i ${append}\n`)
  const { left, todo } = take(old)
  const { machines, profiles } = old.load()
  expect([machines[0]?.profile, profiles]).toEqual([undefined, []])
  expect(left.length + todo.length).toBeGreaterThan(1)
  expect(await old.errors()).toEqual([])
})

test.each([
  ['root=/dev/nfs nfsroot=10.77.0.9:/srv/root ip=dhcp ro'],
  ['boot=nfs nfsroot=10.77.0.9:/srv/root'],
  ['root=nfs:10.77.0.9:/srv/root ro'],
  ['boot=live components fetch=http://10.77.0.9/fs.squashfs autologin'],
  ['boot=casper netboot=nfs nfsroot=10.77.0.9:/srv/live quiet splash'],
  ['root=live:http://10.77.0.9/live.img rd.live.ram=1 usbcore.autosuspend=-1'],
  ['archisobasedir=arch archiso_http_srv=http://10.77.0.9/'],
  ['alpine_repo=http://10.77.0.9/main modloop=http://10.77.0.9/modloop-lts'],
])('%s shows a root that is read only or in RAM: it boots without a permit', async (append) => {
  using old = openMenu(`DEFAULT a\nLABEL a\nKERNEL k\nAPPEND initrd=i ${append}\n`)
  take(old)
  expect(booted(old)).toEqual(['a', 'files/k', 'files/i', append])
  expect(await old.errors()).toEqual([])
})

test('the directory of a kickstart, of a kernel or of a menu may be called kickstart', () => {
  using old = openMenu(
    'DEFAULT a\nLABEL a\nKERNEL kickstart/el9/vmlinuz\nAPPEND initrd=i inst.ks=http://old/kickstart/unattended/el9.cfg\n',
    { 'tftp/kickstart/el9/vmlinuz': 'k' },
  )
  take(old)
  expect(old.load().profiles[0]).toMatchObject({ name: 'a', kind: 'install', distro: 'redhat-9' })
})

test('the same kernel, initrd and arguments are one profile, whatever they are called', () => {
  const entry = 'KERNEL k\nAPPEND initrd=i boot=live x=1\n'
  using old = openMenu(`DEFAULT a\nLABEL a\n${entry}LABEL b\n${entry}`, {
    'tftp/pxelinux.cfg/01-52-54-00-77-00-02': `DEFAULT z\nLABEL z\n${entry}`,
    'tftp/pxelinux.cfg/01-52-54-00-77-00-03': `DEFAULT a\nLABEL a\n${entry.replace('x=1', 'x=2')}`,
  })
  take(old)
  expect(old.load().profiles.map(({ name }) => name)).toEqual(['a', 'a-2'])
  expect(old.load().machines.map(({ profile }) => profile)).toEqual(['a', 'a', 'a-2'])
})

test('a kernel and an initrd of the same last name get two', () => {
  using old = openMenu('DEFAULT a\nLABEL a\nKERNEL x/boot\nAPPEND initrd=y/boot boot=live\n', {
    'tftp/x/boot': '1',
    'tftp/y/boot': '2',
  })
  take(old)
  expect(booted(old)).toEqual(['a', 'files/x/boot', 'files/y/initrd-boot', 'boot=live'])
  expect(old.text('files/y/initrd-boot')).toBe('2')
})

test('pxelinux.cfg itself may be named; what is no TFTP root is told', () => {
  using old = openOld(tftp)
  expect(take(old, 'tftp/pxelinux.cfg').machines).toBe(3)
  expect(() => take(old, 'tftp/ks')).toThrow(/holds no pxelinux\.cfg/)
  expect(() => take(old, 'nowhere')).toThrow(/holds no pxelinux\.cfg/)
  expect(() => take(old)).toThrow(/in the site already: files\/rescue\/vmlinuz.*pxelinux\.yaml/)
})

test('birnam import pxelinux tells people and programs the same; a dry run writes nothing', async () => {
  using old = openOld(tftp)
  const argv = ['node', 'birnam', '--site', old.site, '--data', old.at('data'), 'import', 'pxelinux', old.at('tftp')]
  const people = await typed([...argv, '--dry-run'])
  expect([people.code, people.err, existsSync(old.site)]).toEqual([0, '', false])
  expect(people.out).toContain('Would be taken over: 3 machines, 0 groups, 7 profiles, 2 distros.')
  const programs = await typed([...argv, '--json'])
  expect(JSON.parse(programs.out)).toMatchObject({ machines: 3, profiles: 7 })
  expect(existsSync(old.site)).toBe(true)
})
