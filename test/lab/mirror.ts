import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.ts'
import { closure, indexOf, nameOf, namesOf, readIndex, type Stanza } from './mirror-index.ts'

const cache = fileURLToPath(new URL('../../node_modules/.cache/birnam-lab/', import.meta.url))
const script = fileURLToPath(new URL('mirror.sh', import.meta.url))
const release = 'trixie'
const archive = 'http://deb.debian.org/debian'
const home = join(cache, 'mirror-2')

/** Debian's installer and just enough of its archive for a server. The archive's part of it is unsigned. */
export interface Mirror {
  /** Has `dists` and `pool`. */
  readonly directory: string
  readonly kernel: string
  readonly initrd: string
}

/** Beyond what every Debian has. */
const debs =
  'linux-image-amd64 initramfs-tools busybox zstd grub-pc os-prober efibootmgr dosfstools tasksel locales console-setup keyboard-configuration openssh-server sudo curl ca-certificates lvm2 discover laptop-detect installation-report eject dbus popularity-contest systemd-timesyncd pciutils usbutils'

/** Each takes some seconds to unpack in an emulated machine, so there are only those that do something. */
const udebs =
  'apt-setup-udeb apt-mirror-setup clock-setup tzsetup-udeb grub-installer os-prober-udeb partman-auto partman-base partman-basicfilesystems partman-basicmethods partman-efi partman-ext3 partman-partitioning partman-target partman-utils partman-lvm partman-auto-lvm lvm2-udeb pkgsel user-setup-udeb base-installer bootstrap-base finish-install debootstrap-udeb di-utils-exit-installer disk-detect di-utils-mapdevfs nobootloader parted-udeb rdate-udeb'

/** Made once from Debian's packages, as apt can download them here, and kept. */
export async function openMirror(): Promise<Mirror> {
  if (!existsSync(join(home, 'initrd.gz'))) await make()
  return { directory: join(home, 'debian'), kernel: join(home, 'linux'), initrd: join(home, 'initrd.gz') }
}

async function make(): Promise<void> {
  await mkdir(cache, { recursive: true })
  const place = await mkdtemp(join(cache, 'mirror-'))
  try {
    await run(['sh', script, release, debs, archive], { cwd: place })
    const done = join(place, 'done')
    await mkdir(done)
    await addDebs(place, join(done, 'debian'))
    await addUdebs(place, join(done, 'debian'))
    await writeRelease(join(done, 'debian/dists', release))
    for (const name of ['linux', 'initrd.gz']) await rename(join(place, name), join(done, name))
    // It appears whole or not at all: another test run may want it at the same time.
    await rename(done, home).catch((error: unknown) => {
      if (!existsSync(join(home, 'initrd.gz'))) throw error
    })
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

/** What apt has fetched and verified, with the archive's own words about it. */
async function addDebs(place: string, directory: string): Promise<void> {
  const archives = join(place, 'cache/archives')
  const fetched = new Set((await readdir(archives)).map((name) => name.replace(/_[^_]*_/, '_')))
  const taken: Stanza[] = []
  for (const one of readIndex(await readFile(join(place, 'debs'), 'utf8'))) {
    const path = one.fields.get('Filename')!
    const version = one.fields.get('Version')!.replaceAll(':', '%3a')
    const file = join(archives, `${nameOf(one)}_${version}_${one.fields.get('Architecture')}.deb`)
    if (!fetched.has(basename(file).replace(/_[^_]*_/, '_')) || !existsSync(file)) continue
    await put(file, join(directory, path))
    taken.push(one)
  }
  await writeIndex(join(directory, 'dists', release, 'main/binary-amd64'), taken.map(textOf))
}

async function addUdebs(place: string, directory: string): Promise<void> {
  const made = await standIns(place, directory)
  const there = namesOf([...readIndex(await readFile(join(place, 'installed'), 'utf8')), ...made])
  const wanted = closure(udebs.split(' '), readIndex(await readFile(join(place, 'udebs'), 'utf8')), there)
  for (const { fields } of wanted) {
    const file = join(directory, fields.get('Filename')!)
    await mkdir(dirname(file), { recursive: true })
    await run(['curl', '-fsS', '--retry', '3', '-o', file, `${archive}/${fields.get('Filename')}`])
    if (sum(await readFile(file)) !== fields.get('SHA256')) throw new Error(`${file} is not what its index says`)
  }
  const all = [...wanted.map((one) => asStandard(one)), ...made.map(textOf)]
  await writeIndex(join(directory, 'dists', release, 'main/debian-installer/binary-amd64'), all)
}

async function standIns(place: string, directory: string): Promise<Stanza[]> {
  const names = (await readdir(join(place, 'made'))).filter((name) => name.endsWith('.udeb'))
  const texts: string[] = []
  for (const name of names) {
    const file = join(place, 'made', name)
    const bytes = await readFile(file)
    const control = (await run(['dpkg-deb', '-f', file])).trim()
    texts.push(`${control}\nFilename: pool/made/${name}\nSize: ${bytes.length}\nSHA256: ${sum(bytes)}`)
    await put(file, join(directory, 'pool/made', name))
  }
  return readIndex(texts.join('\n\n'))
}

/** The installer takes what is standard without being asked for it. */
function asStandard({ text }: Stanza): string {
  return text.replace(/^Priority: (optional|extra)$/m, 'Priority: standard')
}

/** As the archive has it. */
function textOf({ text }: Stanza): string {
  return text
}

async function put(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, to)
}

async function writeIndex(directory: string, stanzas: readonly string[]): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'Packages'), indexOf(stanzas))
  await run(['sh', '-c', 'gzip -9nk Packages && xz -k Packages'], { cwd: directory })
  await writeFile(
    join(directory, 'Release'),
    'Archive: stable\nComponent: main\nOrigin: Debian\nLabel: Debian\nArchitecture: amd64\n',
  )
}

async function writeRelease(directory: string): Promise<void> {
  const lines = ['Origin: Debian', 'Label: Debian', 'Suite: stable', 'Version: 13.0', `Codename: ${release}`]
  lines.push(`Date: ${new Date().toUTCString()}`, 'Architectures: amd64', 'Components: main', 'SHA256:')
  for (const part of ['main/binary-amd64', 'main/debian-installer/binary-amd64']) {
    for (const name of ['Packages', 'Packages.gz', 'Packages.xz', 'Release']) {
      const file = join(directory, part, name)
      lines.push(` ${sum(await readFile(file))} ${(await stat(file)).size} ${part}/${name}`)
    }
  }
  await writeFile(join(directory, 'Release'), `${lines.join('\n')}\n`)
}

function sum(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
