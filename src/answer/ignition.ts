import { convertButane, type Made } from './butane.ts'
import { problemsOf, type Family, type InstallContext, type Part, type Say } from './family.ts'
import { isMapping, listOf, type Mapping } from './yaml-lines.ts'

const type = 'application/vnd.coreos.ignition+json'

/**
 * Fedora CoreOS (`version: 43`) and Flatcar (`version: flatcar`), both as live systems; `tree` of the distro is the URL of the root
 * file system, where the initrd has none. The answer is a Butane file, or Ignition's own JSON.
 */
export const ignition: Family = {
  name: 'ignition',
  type,
  installArgs(distro, context) {
    const { answer } = context
    const disk = diskOf(context)
    if (!answer) return medium(distro)
    // Its own installer cannot choose a disk and tells nobody that it failed; ours does both, and is used wherever it has to choose.
    if (disk === undefined || isFlatcar(distro))
      return [...medium(distro), `ignition.config.url=${answer.url}/installer.ign`]
    return [...medium(distro), `coreos.inst.install_dev=${disk}`, `coreos.inst.ignition_url=${answer.url}/config.ign`]
  },
  liveArgs: (distro, { answer }) => [
    ...medium(distro),
    ...(answer ? [`ignition.config.url=${answer.url}/config.ign`] : []),
  ],
  parts: {
    'config.ign': { type, from: 'answer' },
    'installer.ign': { type, from: { template: 'kickstart/ignition/installer.bu.hbs' } },
  } satisfies Record<string, Part>,
  make,
  check: (text) => problemsOf((say) => checkIgnition(text, say)),
}

function isFlatcar({ version }: { readonly version: string }): boolean {
  return version.startsWith('flatcar')
}

function medium(distro: { readonly version: string; readonly tree?: string }): readonly string[] {
  if (isFlatcar(distro)) return ['flatcar.first_boot=1']
  const root = distro.tree === undefined ? [] : [`coreos.live.rootfs_url=${distro.tree}`]
  return [...root, 'ignition.firstboot', 'ignition.platform.id=metal']
}

/** A path alone; a serial number or `auto` has to be looked for on the machine. */
function diskOf({ vars }: InstallContext): string | undefined {
  const disk = vars?.['disk']
  return typeof disk === 'string' && /^\/dev\/[\w/:.+-]+$/.test(disk) ? disk : undefined
}

function make(text: string, accept: string | undefined): Made {
  const made: Made = text.trimStart().startsWith('{') ? { text } : convertButane(text)
  const wanted = newest(accept)
  const version = 'text' in made ? versionOf(made.text) : undefined
  if (wanted === undefined || version === undefined || isAtMost(version, wanted)) return made
  const message = `this machine's Ignition reads versions up to ${wanted}, and the answer is ${version}: lower version: in it`
  return { problems: [{ line: 1, severity: 'error', message }] }
}

/** `application/vnd.coreos.ignition+json;version=3.3.0, *\/*;q=0.1`: what Ignition says that it reads. */
function newest(accept: string | undefined): string | undefined {
  const said = [...(accept ?? '').matchAll(/ignition\+json;\s*version=(\d+\.\d+\.\d+)/g)].map(([, version]) => version!)
  return said.toSorted((a, b) => (isAtMost(a, b) ? 1 : -1))[0]
}

function versionOf(text: string): string | undefined {
  return /"ignition":\s*\{[^{}]*?"version":\s*"(\d+\.\d+\.\d+)/.exec(text)?.[1]
}

function isAtMost(version: string, limit: string): boolean {
  const [a, b] = [version, limit].map((text) => text.split('.').map(Number))
  const at = a!.findIndex((part, index) => part !== b![index])
  return at < 0 || a![at]! < b![at]!
}

/** What is left to say of the JSON: the conversion refused all that is unknown. */
function checkIgnition(text: string, say: Say): void {
  const config = parsed(text)
  if (!isMapping(config)) return say(1, 'no JSON: Ignition takes nothing else')
  const { version } = (config['ignition'] ?? {}) as Mapping
  if (typeof version !== 'string' || !/^[23]\.\d+\.\d+$/.test(version)) say(1, 'ignition.version is missing')
  const users = listOf(isMapping(config['passwd']) ? config['passwd']['users'] : undefined)
  const known = users.some(
    (user) => isMapping(user) && (user['passwordHash'] !== undefined || listOf(user['sshAuthorizedKeys']).length > 0),
  )
  if (!known) say(1, 'nobody could log in: no user has a key or a password', 'warning')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
