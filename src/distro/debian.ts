import { Fault } from '../fault.ts'
import { codenameOf, versionNamed } from './codenames.ts'
import { releaseLists, type Archive } from './debian-lists.ts'
import { listsIn } from './lists.ts'
import { archOf, firstOf, line, textOf, type Recognised, type Signature, type Verify, type Wish } from './recognised.ts'
import { parseRelease, type Release } from './release.ts'
import type { Tree } from './tree.ts'

/** Debian and what is made like it: installer ISOs, live ISOs, mirrors, and the netboot archive by itself. */
export async function recogniseDebian(tree: Tree, wish: Wish): Promise<Recognised | undefined> {
  const info = await textOf(tree, '.disk/info')
  const suite = await suiteOf(tree, wish)
  const archive = suite === undefined ? undefined : await releaseOf(tree, suite, wish.verify)
  const built = await textOf(tree, 'version.info')
  const isArchive = archive !== undefined && (archive.release.origin !== '' || archive.release.sums.size > 0)
  const isOurs = /^(?:Debian|Ubuntu)/.test(info ?? '') || isArchive || /^Debian version:/m.test(built ?? '')
  const arch = debianArch(wish.arch, info, archive?.release, tree)
  const loose = `debian-installer/${arch}/linux`
  if (!isOurs && !(await tree.has(loose))) return undefined
  const vendor = (info ?? archive?.release.origin ?? '').startsWith('Ubuntu') ? 'ubuntu' : 'debian'
  const version = versionOf(info, archive?.release, built) || (wish.version ?? '')
  const found = await kernelOf(tree, arch, suite)
  const whole = archive !== undefined || info !== undefined
  return {
    name: `${vendor}-${vendor === 'debian' ? version.split('.')[0] : version}`.replace(/-$/, ''),
    label: line(info?.trim() || labelOf(archive?.release, built, vendor)),
    family: 'debian',
    version: vendor === 'debian' ? version.split('.')[0]! : version,
    release: version,
    arch: archOf(arch),
    ...(found && { kernel: found.kernel }),
    initrd: found?.initrd ?? [],
    keep: whole ? 'tree' : 'nothing',
    lists: [...(await listsIn(tree, wish.verify)), ...(await releaseLists(tree, archive, arch))],
    notes: found?.notes ?? [],
    ...(!whole && { lacks: noPackages }),
  }
}

const noPackages = 'it holds no packages: name a mirror with --tree URL, or in the answer'

async function releaseOf(tree: Tree, suite: string, verify: Verify): Promise<Archive | undefined> {
  const inline = await tree.read(`dists/${suite}/InRelease`, 16 * 1024 * 1024)
  const plain = await tree.read(`dists/${suite}/Release`, 16 * 1024 * 1024)
  if (inline)
    return { suite, release: parseRelease(inline.toString('utf8')), signature: await verify('InRelease', inline) }
  if (!plain) return undefined
  const detached = await tree.read(`dists/${suite}/Release.gpg`, 1024 * 1024)
  const signature: Signature = detached ? await verify('Release', plain, detached) : { state: 'none' }
  return { suite, release: parseRelease(plain.toString('utf8')), signature }
}

/** The one suite of the tree that has an installer. Throws where there are several. */
async function suiteOf(tree: Tree, { suite, version }: Wish): Promise<string | undefined> {
  const named = suite ?? (version === undefined ? undefined : codenameOf(version.split('.')[0]!))
  if (!tree.entries) return named ?? ((await tree.has('dists/stable/Release')) ? 'stable' : undefined)
  const all = tree.list('dists').filter((name) => tree.entries!.get(`dists/${name}`)?.kind === 'directory')
  const suites = all.filter(
    (name) => tree.entries!.has(`dists/${name}/Release`) || tree.entries!.has(`dists/${name}/InRelease`),
  )
  if (named !== undefined && suites.includes(named)) return named
  const installers = suites.filter((name) =>
    tree.list(`dists/${name}/main`).some((inner) => inner.startsWith('installer-')),
  )
  const candidates = installers.length > 0 ? installers : suites.filter((name) => !name.includes('-'))
  if (candidates.length < 2) return candidates[0] ?? suites[0]
  throw new Fault('distro-invalid', `${tree.name} holds several versions: ${candidates.join(', ')}`, {
    hint: 'say which with --version: 12, 13',
  })
}

function debianArch(
  wanted: string | undefined,
  info: string | undefined,
  release: Release | undefined,
  tree: Tree,
): string {
  const own = { x86_64: 'amd64', aarch64: 'arm64' }[wanted ?? ''] ?? wanted
  if (own !== undefined) return own
  const said = /\b(amd64|arm64|i386|ppc64el|s390x|riscv64)\b/.exec(info ?? '')?.[1]
  const here = tree.list('debian-installer')
  const [only, other] = release?.architectures.filter((name) => name !== 'all') ?? []
  return said ?? (here.length === 1 ? here[0]! : other === undefined ? only : undefined) ?? 'amd64'
}

function versionOf(info: string | undefined, release: Release | undefined, built: string | undefined): string {
  const said = /^\S+(?: GNU\/Linux)? (\d+(?:\.\d+)*)/.exec(info ?? '')?.[1]
  const fromBuild = /^Debian version:\s*(\d+(?:\.\d+)*)/m.exec(built ?? '')?.[1]
  const byName = versionNamed(release?.codename || release?.suite || '')
  const version = said ?? release?.version.match(/^\d+(?:\.\d+)*/)?.[0] ?? fromBuild ?? byName ?? ''
  return version.replace(/^(\d+\.\d+)\.0$/, '$1')
}

function labelOf(release: Release | undefined, built: string | undefined, vendor: string): string {
  if (release) return `${release.label || release.origin || vendor} ${release.version} ${release.codename}`
  return (
    /^Debian version:.*$/m.exec(built ?? '')?.[0].replace(/^Debian version:/, 'Debian installer') ??
    `${vendor} installer`
  )
}

interface Found {
  readonly kernel: string
  readonly initrd: readonly string[]
  readonly notes: readonly string[]
}

/** Netboot images first: what stands on an ISO for its own use looks for a CD. */
async function kernelOf(tree: Tree, arch: string, suite: string | undefined): Promise<Found | undefined> {
  const netboot = [
    `dists/${suite}/main/installer-${arch}/current/images/netboot/debian-installer/${arch}/linux`,
    `dists/${suite}/main/installer-${arch}/current/legacy-images/netboot/ubuntu-installer/${arch}/linux`,
    `dists/${suite}/main/installer-${arch}/current/images/netboot/ubuntu-installer/${arch}/linux`,
    `install/netboot/ubuntu-installer/${arch}/linux`,
    `debian-installer/${arch}/linux`,
    `netboot/debian-installer/${arch}/linux`,
  ]
  const kernel = await firstOf(tree, netboot)
  const initrd = kernel?.replace(/linux$/, 'initrd.gz')
  if (kernel !== undefined && initrd !== undefined && (await tree.has(initrd)))
    return { kernel, initrd: [initrd], notes: [] }
  return (await liveOf(tree)) ?? (await discOf(tree, arch))
}

async function liveOf(tree: Tree): Promise<Found | undefined> {
  const name = tree.list('live').find((one) => one.startsWith('vmlinuz'))
  if (name === undefined) return undefined
  const initrd = `live/${name.replace('vmlinuz', 'initrd.img')}`
  const root = 'boot=live components fetch={{distro.tree}}/live/filesystem.squashfs'
  const notes = [`a live system: its profile needs args: "${root}"`]
  return { kernel: `live/${name}`, initrd: (await tree.has(initrd)) ? [initrd] : [], notes }
}

async function discOf(tree: Tree, arch: string): Promise<Found | undefined> {
  const folder = { amd64: 'install.amd', arm64: 'install.a64', i386: 'install.386' }[arch] ?? `install.${arch}`
  const kernel = await firstOf(tree, [`${folder}/vmlinuz`, `${folder}/linux`])
  const initrd = `${folder}/initrd.gz`
  if (kernel === undefined || !(await tree.has(initrd))) return undefined
  return { kernel, initrd: [initrd], notes: [cdrom] }
}

const cdrom =
  'its initrd is the one that looks for a CD, and stops on machines that boot from the network: import again with --kernel and --initrd of the netboot archive of the same version'
