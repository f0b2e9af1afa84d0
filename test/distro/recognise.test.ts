import { expect, test } from 'vitest'
import { debianIso, kernelOf, leapIso, netboot, openScene, read, rockyIso, ubuntuIso, type Files } from './scene.ts'

const cases: readonly (readonly [string, Files, object])[] = [
  [
    'a Debian DVD',
    debianIso,
    {
      name: 'debian-13',
      family: 'debian',
      version: '13',
      release: '13.1',
      arch: 'x86_64',
      kernel: 'boot/vmlinuz',
      initrd: ['boot/initrd.gz'],
      tree: 'tree',
      kernelVersion: '6.12.48+deb13-amd64',
    },
  ],
  [
    'a Debian netboot archive that was unpacked',
    netboot,
    {
      name: 'debian-13',
      family: 'debian',
      version: '13',
      arch: 'x86_64',
      kernel: 'boot/linux',
      initrd: ['boot/initrd.gz'],
    },
  ],
  [
    'a Debian mirror, whose installer is that of its only suite',
    {
      ...debianIso,
      '.disk/info': '\n',
      'dists/trixie/main/installer-amd64/current': '-> 20250803',
      'dists/trixie/main/installer-amd64/20250803/images/netboot/debian-installer/amd64/linux':
        kernelOf('6.12.48+deb13-amd64'),
      'dists/trixie/main/installer-amd64/20250803/images/netboot/debian-installer/amd64/initrd.gz': 'initrd',
    },
    {
      name: 'debian-13',
      version: '13',
      release: '13.1',
      kernel: 'boot/linux',
      initrd: ['boot/initrd.gz'],
      tree: 'tree',
      notes: [],
    },
  ],
  [
    'a Debian live medium',
    {
      '.disk/info': 'Debian GNU/Linux 13.1.0 "Trixie" - Official Snapshot amd64 LIVE',
      'live/vmlinuz-6.12': 'k',
      'live/initrd.img-6.12': 'i',
    },
    { kernel: 'boot/vmlinuz-6.12', initrd: ['boot/initrd.img-6.12'], tree: 'tree' },
  ],
  [
    'Rocky Linux by its .treeinfo',
    rockyIso,
    {
      name: 'rocky-9.6',
      family: 'redhat',
      version: '9',
      release: '9.6',
      label: 'Rocky Linux 9.6',
      kernel: 'boot/vmlinuz',
      initrd: ['boot/initrd.img'],
      tree: 'tree',
      trust: 'checksum',
      notes: [],
    },
  ],
  [
    'Fedora by its .treeinfo',
    {
      '.treeinfo':
        '[general]\nname = Fedora-Everything-42\nfamily = Fedora\nversion = 42\narch = aarch64\nvariant = Everything\n[images-aarch64]\nkernel = images/pxeboot/vmlinuz\ninitrd = images/pxeboot/initrd.img\n[variant-Everything]\nrepository = .\n',
      'images/pxeboot/vmlinuz': 'k',
      'images/pxeboot/initrd.img': 'i',
      'images/install.img': 's',
      'repodata/repomd.xml': '<repomd/>',
    },
    { name: 'fedora-42', family: 'redhat', version: '42', arch: 'arm64', notes: [] },
  ],
  [
    'openSUSE Leap',
    leapIso,
    {
      name: 'opensuse-leap-15.6',
      family: 'suse',
      version: '15.6',
      label: 'openSUSE-Leap 15.6',
      arch: 'x86_64',
      kernel: 'boot/linux',
      initrd: ['boot/initrd'],
      tree: 'tree',
    },
  ],
  [
    'openSUSE Tumbleweed, whose version is a day',
    { ...leapIso, 'media.1/products': '/ openSUSE 20261120-0\n' },
    { name: 'opensuse-tumbleweed', family: 'suse', release: '20261120' },
  ],
  [
    'an EL medium that has only a .discinfo',
    {
      '.discinfo': '1500000000.0\nCentOS Linux 7\nx86_64\n',
      'images/pxeboot/vmlinuz': 'k',
      'images/pxeboot/initrd.img': 'i',
      'repodata/repomd.xml': '',
      'images/install.img': '',
    },
    { name: 'centos-7', family: 'redhat', version: '7', arch: 'x86_64' },
  ],
]

test.each(cases)('%s is recognised', async (_what, files, expected) => {
  using scene = openScene()
  expect(await scene.import(scene.tree('medium', files))).toMatchObject(expected)
})

test('Ubuntu from a directory has no ISO that its installer could fetch, and says so', async () => {
  using scene = openScene()
  const { name, family, version, release, tree, notes } = await scene.import(scene.tree('medium', ubuntuIso))
  expect([name, family, version, release, tree]).toEqual(['ubuntu-24.04', 'ubuntu', '24.04', '24.04.3', undefined])
  expect(notes).toEqual([
    'the live installer fetches its ISO whole: import the ISO itself, or name its URL with --tree',
  ])
})

test("a Debian ISO's own initrd looks for a CD, and whoever imports it is told", async () => {
  using scene = openScene()
  const { notes } = await scene.import(scene.tree('medium', debianIso))
  expect(notes.join()).toContain('looks for a CD')
})

test('kernel and initrd of elsewhere are taken for a tree that has none for the network', async () => {
  using scene = openScene()
  const boot = scene.tree('netboot', netboot)
  const [kernel, initrd] = [`${boot}/debian-installer/amd64/linux`, `${boot}/debian-installer/amd64/initrd.gz`]
  const manifest = await scene.import(scene.tree('medium', debianIso), { kernel, initrd: [initrd], as: 'trixie' })
  expect([manifest.name, manifest.kernel, manifest.initrd]).toEqual(['trixie', 'boot/linux', ['boot/initrd.gz']])
  expect(manifest.checks.at(-1)!.what).toBe('boot/linux, boot/initrd.gz: named by hand, so no list was asked')
})

test('a mirror with several versions wants to be told which', async () => {
  using scene = openScene()
  const suite = (name: string): Files => ({
    [`dists/${name}/Release`]: `Origin: Debian\nCodename: ${name}\nArchitectures: amd64\nMD5Sum:\n ${'0'.repeat(32)} 1 x\n`,
    [`dists/${name}/main/installer-amd64/current/images/netboot/debian-installer/amd64/linux`]: kernelOf('6.1'),
    [`dists/${name}/main/installer-amd64/current/images/netboot/debian-installer/amd64/initrd.gz`]: 'i',
  })
  const mirror = scene.tree('mirror', { ...suite('bookworm'), ...suite('trixie') })
  expect(await scene.refused(mirror)).toBe(
    'mirror holds several versions: bookworm, trixie (say which with --version: 12, 13)',
  )
  expect(await scene.import(mirror, { version: '12' })).toMatchObject({ name: 'debian-12', version: '12' })
})

test('what nobody recognises can be named by hand, with all that is needed', async () => {
  using scene = openScene()
  const tree = scene.tree('strange', { 'boot/k': kernelOf('6.6.6-strange'), 'boot/i': 'initrd' })
  expect(await scene.refused(tree)).toBe(
    'strange is of no distribution that Birnam recognises (say what it is: --as NAME --family F --version V --kernel PATH --initrd PATH, with paths inside of it or on this host)',
  )
  expect(scene.left()).toEqual([])
  const wish = { as: 'odd', family: 'redhat', version: '9', kernel: 'boot/k', initrd: ['boot/i'] }
  expect(await scene.import(tree, wish)).toMatchObject({
    name: 'odd',
    family: 'redhat',
    kernelVersion: '6.6.6-strange',
    tree: 'tree',
  })
  expect(read(scene, 'd/odd/boot/i')).toBe('initrd')
})

test.each([
  [{ as: '../evil' }, '../evil is no name for a distro'],
  [{ family: 'beos' }, 'there is no family beos'],
  [{ initrd: ['x'] }, 'an initrd without its kernel'],
  [{ kernel: 'nowhere/linux' }, /there is no .*nowhere\/linux, neither in what is imported nor on this host/],
  [{ keyrings: ['/nowhere.gpg'], kernel: 'x' }, /there is no/],
])('%j is refused with a sentence', async (wish, sentence) => {
  using scene = openScene()
  expect(await scene.refused(scene.tree('medium', debianIso), wish)).toMatch(sentence)
  expect(scene.left()).toEqual([])
})

test('a place of packages that is named silences the note that there are none', async () => {
  using scene = openScene()
  const { notes, label } = await scene.import(scene.tree('medium', netboot), { tree: 'http://deb.debian.org/debian' })
  expect([notes, label]).toEqual([[], 'Debian installer 13 (trixie)'])
})
