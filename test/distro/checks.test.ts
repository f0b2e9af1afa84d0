import { execa } from 'execa'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { isoOf, type IsoNode } from './iso.ts'
import { debianIso, initrdOf, kernelOf, netboot, openScene, rockyIso, sha256, type Files, type Scene } from './scene.ts'

const medium = isoOf([
  { name: '.disk', children: [{ name: 'info', bytes: 'Debian GNU/Linux 13.1.0 "Trixie" - Official amd64 NETINST' }] },
  { name: 'install.amd', children: [file('vmlinuz', kernelOf('6.12.48+deb13-amd64')), file('initrd.gz', 'initrd')] },
])

function file(name: string, bytes: string | Uint8Array): IsoNode {
  return { name, bytes }
}

const what = (checks: readonly { result: string; what: string }[]): string[] =>
  checks.map((check) => `${check.result}: ${check.what}`)

test('an ISO is held against SHA256SUMS beside it', async () => {
  using scene = openScene()
  const iso = scene.write('debian.iso', medium)
  scene.write('SHA256SUMS', `${'0'.repeat(64)}  other.iso\n${sha256(medium)}  debian.iso\n`)
  const { checks, trust, digests } = await scene.import(iso)
  expect(what(checks)[0]).toBe('good: debian.iso is the one that SHA256SUMS names, which is not signed')
  expect([trust, digests['medium']]).toEqual(['checksum', sha256(medium)])
})

test.each([
  ['SHA256SUMS', `${'0'.repeat(64)} *debian.iso\n`],
  ['CHECKSUM', `# debian.iso: 1 bytes\nSHA256 (debian.iso) = ${'0'.repeat(64)}\n`],
  ['debian.iso.sha256', `${'0'.repeat(64)}\n`],
  ['SHA512SUMS', `${'0'.repeat(128)}  debian.iso\n`],
])('an ISO that is not the one of %s is refused', async (name, text) => {
  using scene = openScene()
  const iso = scene.write('debian.iso', medium)
  scene.write(name, text)
  expect(await scene.refused(iso)).toBe(
    `debian.iso is not the one that ${name} names: its ${name.includes('512') ? 'sha512' : 'sha256'} is another (nothing was kept; it is damaged, or another one of the same name: get both again)`,
  )
  expect(scene.left()).toEqual([])
})

test('an ISO that no list names is imported, and that nobody checked it is said', async () => {
  using scene = openScene()
  const { checks, trust } = await scene.import(scene.write('debian.iso', medium))
  expect(what(checks)).toEqual([
    'none: no list of checksums beside debian.iso names it',
    'none: no list of checksums in it names its files',
  ])
  expect(trust).toBe('unchecked')
})

test('files are held against the md5sum.txt of the medium', async () => {
  using scene = openScene()
  const sums = '0123456789abcdef0123456789abcdef  ./pool/main/b/bash/bash_5.2.37-2+b5_amd64.deb\n'
  expect(await scene.refused(scene.tree('medium', { ...debianIso, 'md5sum.txt': sums }))).toBe(
    'pool/main/b/bash/bash_5.2.37-2+b5_amd64.deb in medium is not the one that md5sum.txt names (nothing was kept; the medium is damaged, or somebody changed it: get it again)',
  )
  expect(scene.left()).toEqual([])
})

test('a kernel that is not the one of .treeinfo is refused', async () => {
  using scene = openScene()
  const tree = scene.tree('medium', { ...rockyIso, 'images/pxeboot/vmlinuz': kernelOf('5.14.0-evil') })
  expect(await scene.refused(tree)).toContain('images/pxeboot/vmlinuz in medium is not the one that .treeinfo names')
})

test('a kernel of elsewhere that is not the one of .treeinfo is taken with a note', async () => {
  using scene = openScene()
  const kernel = scene.write('vmlinuz', kernelOf('5.14.0-other'))
  const { notes, trust } = await scene.import(scene.tree('medium', rockyIso), { kernel })
  expect(notes).toEqual([
    'the kernel is not the one that .treeinfo of the tree names (images/pxeboot/vmlinuz): see that both are of the same version',
    'the kernel is Linux 5.14.0-other, and the initrd has modules for 5.14.0-570.17.1.el9_6.x86_64: they do not belong together',
  ])
  expect(trust).toBe('unchecked')
})

test("a kernel for which the tree's installer has no modules is told", async () => {
  using scene = openScene()
  const files: Files = {
    ...netboot,
    'debian-installer/amd64/linux': kernelOf('6.12.1+deb13-amd64'),
    'debian-installer/amd64/initrd.gz': initrdOf('6.12.1+deb13-amd64'),
  }
  const boot = scene.tree('netboot', files)
  const wish = {
    kernel: join(boot, 'debian-installer/amd64/linux'),
    initrd: [join(boot, 'debian-installer/amd64/initrd.gz')],
  }
  const { notes } = await scene.import(scene.tree('medium', debianIso), wish)
  expect(notes.at(-1)).toBe(
    "the kernel is Linux 6.12.1+deb13-amd64, and the installer's packages in the tree are for 6.12.48+deb13-amd64: the installer will find no modules; take kernel and initrd of the tree's own day",
  )
})

/** A mirror whose Release names an index, which names a package, and the installer's images. */
function mirrorOf(change: Files = {}): Files {
  const images = 'dists/trixie/main/installer-amd64/current/images'
  const kernel = kernelOf('6.12.48+deb13-amd64')
  const initrd = initrdOf('6.12.48+deb13-amd64')
  const sums = `${sha256(kernel)}  ./netboot/debian-installer/amd64/linux\n${sha256(initrd)}  ./netboot/debian-installer/amd64/initrd.gz\n`
  const packages = gzipSync(`Package: bash\nFilename: pool/main/b/bash/bash.deb\nSHA256: ${sha256('bash')}\n\n`)
  const entry = (path: string, bytes: string | Uint8Array): string => ` ${sha256(bytes)} ${bytes.length} ${path}\n`
  const release = `Origin: Debian\nLabel: Debian\nSuite: stable\nVersion: 13.1\nCodename: trixie\nArchitectures: all amd64\nComponents: main\nSHA256:\n${entry('main/binary-amd64/Packages.gz', packages)}${entry('main/installer-amd64/current/images/SHA256SUMS', sums)}`
  return {
    'dists/trixie/Release': release,
    'dists/trixie/main/binary-amd64/Packages.gz': packages,
    [`${images}/SHA256SUMS`]: sums,
    [`${images}/netboot/debian-installer/amd64/linux`]: kernel,
    [`${images}/netboot/debian-installer/amd64/initrd.gz`]: initrd,
    'pool/main/b/bash/bash.deb': 'bash',
    ...change,
  }
}

test('a Debian mirror is held against Release, its indexes and the sums of the installer', async () => {
  using scene = openScene()
  const { checks, trust, files } = await scene.import(scene.tree('mirror', mirrorOf()))
  expect(what(checks)).toEqual([
    'good: 2 files are as dists/trixie/Release says, which is not signed',
    'good: 2 files are as dists/trixie/main/installer-amd64/current/images/SHA256SUMS says, which is not signed',
    'good: 1 file is as Packages of trixie says, which is not signed',
  ])
  expect([trust, files]).toEqual(['checksum', 6])
})

test.each([
  [
    'pool/main/b/bash/bash.deb',
    'evil',
    'pool/main/b/bash/bash.deb in mirror is not the one that Packages of trixie names',
  ],
  [
    'dists/trixie/main/binary-amd64/Packages.gz',
    gzipSync('x'),
    'dists/trixie/main/binary-amd64/Packages.gz in mirror is not the one that Release names',
  ],
  [
    'dists/trixie/main/installer-amd64/current/images/netboot/debian-installer/amd64/linux',
    kernelOf('6.6.6'),
    'linux in mirror is not the one that dists/trixie/main/installer-amd64/current/images/SHA256SUMS names',
  ],
])('a mirror in which %s is another is refused', async (path, bytes, sentence) => {
  using scene = openScene()
  expect(await scene.refused(scene.tree('mirror', mirrorOf({ [path]: bytes })))).toContain(sentence)
  expect(scene.left()).toEqual([])
})

/** A key of its own for each test; nothing of it is in the agent afterwards. */
class Key implements AsyncDisposable {
  readonly #home = mkdtempSync(join(tmpdir(), 'birnam-gpg-'))

  async make(): Promise<string> {
    await this.#gpg('--quick-generate-key', 'Birnam Test Key <key@example.org>', 'ed25519', 'sign', 'never')
    await this.#gpg('--output', join(this.#home, 'key.gpg'), '--export')
    return join(this.#home, 'key.gpg')
  }

  detach(path: string, to: string): Promise<unknown> {
    return this.#gpg('--output', to, '--armor', '--detach-sign', path)
  }

  clear(path: string, to: string): Promise<unknown> {
    return this.#gpg('--output', to, '--clear-sign', path)
  }

  async armored(): Promise<string> {
    await this.#gpg('--output', join(this.#home, 'key.asc'), '--armor', '--export')
    return join(this.#home, 'key.asc')
  }

  #gpg(...words: string[]): Promise<unknown> {
    const quiet = ['--homedir', this.#home, '--batch', '--yes', '--passphrase', '', '--pinentry-mode', 'loopback']
    return execa('gpg', [...quiet, ...words])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await execa('gpgconf', ['--homedir', this.#home, '--kill', 'all'], { reject: false })
    rmSync(this.#home, { recursive: true, force: true })
  }
}

async function signedIso(scene: Scene, key: Key): Promise<string> {
  const iso = scene.write('debian.iso', medium)
  const sums = scene.write('SHA256SUMS', `${sha256(medium)}  debian.iso\n`)
  await key.detach(sums, `${sums}.sign`)
  return iso
}

labTest(
  'a signed list makes a signed distro; without its key that is said, and a forged one is refused',
  ['gpg', 'gpgv'],
  async () => {
    using scene = openScene()
    await using key = new Key()
    const ring = await key.make()
    const iso = await signedIso(scene, key)
    const known = await scene.import(iso, { keyrings: [ring], as: 'known' })
    expect(known.trust).toBe('signed')
    expect(what(known.checks)[0]).toMatch(
      /^signed: debian.iso is the one that SHA256SUMS names, signed by Birnam Test Key <key@example.org> \([0-9A-F]{16}\)$/,
    )
    const armored = await scene.import(iso, { keyrings: [await key.armored()], as: 'armored' })
    expect(armored.trust).toBe('signed')
    const unknown = await scene.import(iso, { as: 'unknown' })
    expect(unknown.trust).toBe('checksum')
    expect(what(unknown.checks)[0]).toMatch(
      /; its signature was not checked: no key [0-9A-F]{16} is here, which signed SHA256SUMS/,
    )
    scene.write('SHA256SUMS', `${sha256(medium)}  debian.iso\n# changed\n`)
    expect(await scene.refused(iso, { keyrings: [ring], as: 'forged' })).toMatch(
      /^the signature of SHA256SUMS is wrong: it is not what key [0-9A-F]{16} signed/,
    )
    expect(scene.distros().names().toSorted()).toEqual(['armored', 'known', 'unknown'])
  },
  60_000,
)

labTest(
  'of a list with the signature around it only what is signed counts',
  ['gpg', 'gpgv'],
  async () => {
    using scene = openScene()
    await using key = new Key()
    const ring = await key.make()
    const iso = scene.write('debian.iso', medium)
    const text = scene.write('text', `SHA256 (debian.iso) = ${sha256(medium)}\n`)
    await key.clear(text, join(scene.directory, 'CHECKSUM'))
    const { checks } = await scene.import(iso, { keyrings: [ring] })
    expect(what(checks)[0]).toMatch(/^signed: debian.iso is the one that CHECKSUM names, signed by Birnam Test Key/)
  },
  60_000,
)

labTest(
  'a signed Release vouches for the kernel through the sums that it names',
  ['gpg', 'gpgv'],
  async () => {
    using scene = openScene()
    await using key = new Key()
    const ring = await key.make()
    const tree = scene.tree('mirror', mirrorOf())
    await key.clear(join(tree, 'dists/trixie/Release'), join(tree, 'dists/trixie/InRelease'))
    const { checks, trust } = await scene.import(tree, { keyrings: [ring] })
    expect(trust).toBe('signed')
    expect(checks.map(({ result }) => result)).toEqual(['signed', 'signed', 'signed'])
  },
  60_000,
)
