import { didYouMean } from '../config/suggest.ts'
import type { Machine, Profile } from '../config/site.ts'
import { Fault } from '../fault.ts'
import { answerFamily, partNames } from '../files/answer-part.ts'
import { distroOf } from '../files/context.ts'
import type { House } from '../files/house.ts'
import { imagerHint, imagerMissing } from '../files/imager-files.ts'
import { installScript, isForImage, layoutOf, type ImageProfile } from '../files/install-script.ts'
import { firstOf, folderOf } from '../files/first.ts'
import { keySentences } from '../files/private-keys.ts'
import { bringsLoader } from '../files/loaders.ts'
import { formatReference, parseReference } from '../image/reference.ts'
import { firmwaresOf, lacksFor } from '../imager/disks/starts.ts'
import { formatIpv4 } from '../net/ipv4.ts'
import { Shelf } from '../files/shelf.ts'
import { firstFile } from '../boot/loader.ts'
import { loaderFor } from '../boot/offer.ts'
import { certificateFindings } from './check-certificate.ts'
import { grubFindings, type GrubMenu, type Validator } from './check-grub.ts'
import { menuFindings, ownMenus } from './check-menus.ts'
import { answerFindings, foreignFamily, hasAnswer } from './check-answers.ts'
import { varFindings } from './check-vars.ts'
import { withoutOwn } from './check-groups.ts'
import { everyChoice } from './choices.ts'
import { collect, raise, type Finding } from './finding.ts'
import { firmwares } from './firmware.ts'
import { asIfArmed, sceneOf } from './scene.ts'
import { hideFor } from './secrets.ts'
import { faultOf } from './trace/known.ts'
import { canMulticast } from '../swarm/uftp.ts'

/** How many machines of how many have been looked at. */
export type Progress = (done: number, all: number) => void

/**
 * Renders everything for every machine, an install as if its permit were armed and a menu as if each of its entries were chosen, and collects what
 * is wrong. The same text for many machines is told once.
 */
export async function checkHouse(
  running: House,
  shelf: Shelf,
  validate: Validator,
  onProgress?: Progress,
): Promise<readonly Finding[]> {
  const house = withLeases(running)
  const findings: Finding[] = [
    ...ownMenus(house),
    ...unknownDistros(house),
    ...certificateFindings(house),
    ...answerFindings(house),
    ...varFindings(house),
    ...(await keyFindings(house)),
  ]
  const validated = new Set<string>()
  const grub: GrubMenu[] = []
  const choices = everyChoice(house)
  const { machines } = house.registry.site
  for (const [at, { house: chosen, machine }] of machines.flatMap(choices).entries()) {
    onProgress?.(Math.min(at, machines.length), machines.length)
    const armed = asIfArmed(chosen, machine)
    findings.push(
      ...loadersOf(armed, machine),
      ...menuFindings(armed, machine, grub),
      ...filesOf(armed, shelf, machine),
    )
    findings.push(...(await answerOf(armed, machine, validate, validated)), ...(await scriptOf(armed, machine)))
  }
  findings.push(...(await grubFindings(house, grub, validate)))
  return once(findings.map((finding) => withoutSecrets(house, finding)))
}

/** A machine without `ip:` has an address of the pool when it asks: the first one stands for it here. */
function withLeases(house: House): House {
  const { mode, subnets } = house.registry.site.server.dhcp
  const first = mode === 'server' ? subnets.flatMap(({ ranges }) => ranges)[0] : undefined
  if (first === undefined) return house
  const lease = { address: formatIpv4(first.from) }
  const leaseOf: House['addresses']['leaseOf'] = (mac) =>
    house.addresses.leaseOf(mac) ?? (house.registry.recognise({ mac })?.ip === undefined ? lease : undefined)
  return { ...house, addresses: { ...house.addresses, leaseOf } }
}

async function keyFindings({ registry }: House): Promise<Finding[]> {
  const sentences = await keySentences(registry.site.directory)
  return sentences.map((message) => ({
    severity: 'error',
    message,
    hint: 'move it out of files/; a key that machines need goes into an answer or an override',
  }))
}

/** The site's and the imported ones count. */
function unknownDistros(house: House): Finding[] {
  const { profiles, distros } = house.registry.site
  return profiles.flatMap((profile) => {
    const name = 'distro' in profile ? profile.distro : undefined
    if (name === undefined || distroOf(house, profile)) return []
    const known = [...distros.map((distro) => distro.name), ...(house.distros?.names() ?? [])]
    const hint = didYouMean(name, known, 'import it (birnam distro import), or write it under distros:')
    return [
      {
        severity: 'warning' as const,
        message: `profile ${profile.name}: there is no distro ${name}`,
        ...profile.origin,
        hint,
      },
    ]
  })
}

/** A validator quotes the line that it dislikes, and in an answer that may be the password's. */
function withoutSecrets(house: House, finding: Finding): Finding {
  const machine = finding.machine === undefined ? undefined : house.registry.named(finding.machine)
  return { ...finding, message: hideFor(house, machine, finding.message) }
}

function loadersOf(house: House, machine: Machine): Finding[] {
  const profile = house.registry.profileOf(machine)
  const answer = { machine, ...(profile && { profile }) }
  const names = [firmwares.bios, firmwares.uefi].flatMap((kind) => {
    const first = firstOf(house, kind, answer)
    if (first?.kind !== 'loader') return []
    // Without a shim GRUB is loaded by itself, which no firmware with Secure Boot on does.
    const wanted = firstFile(kind, loaderFor(kind, answer, house.registry.site.server))
    return [first.name, first.second, ...(wanted?.kind === 'loader' ? [wanted.name] : [])]
  })
  const folder = folderOf(house, profile)
  const missing = names.filter((name) => name !== undefined && house.loaders.find(name, folder) === undefined)
  return [...new Set(missing)].map((name) => {
    const message = `the loader ${name} is not on this server${name!.startsWith('shim') ? ': nothing starts where Secure Boot is on' : ''}`
    return { severity: 'warning', message, hint: bringsLoader(name!) }
  })
}

function filesOf(house: House, shelf: Shelf, machine: Machine): Finding[] {
  const profile = house.registry.profileOf(machine)
  if (!profile)
    return [
      { severity: 'warning', machine: machine.name, message: 'has no profile and boots its disk', ...machine.origin },
    ]
  if (profile.kind === 'local') return []
  if (profile.kind === 'image' || profile.kind === 'menu' || profile.pixiecore !== undefined) return []
  const distro = distroOf(house, profile)
  const names = [
    profile.kernel ?? distro?.kernel,
    ...(profile.initrd.length > 0 ? profile.initrd : (distro?.initrd ?? [])),
  ]
  return names.flatMap((name) => {
    if (name === undefined) return []
    if (shelf.find(name, dryAsk)) return badFile(house, shelf, profile, name)
    const message = `${name} of profile ${profile.name} is not in the site`
    return [
      {
        severity: 'error' as const,
        message,
        ...profile.origin,
        hint: 'put the file there; the path is relative to the site directory',
      },
    ]
  })
}

/** Another machine with that profile finds the same, and it is told once. */
function badFile(house: House, shelf: Shelf, { name: profile, origin }: Profile, name: string): Finding[] {
  const fault = faultOf(house, shelf, name)
  if (fault === undefined) return []
  const hint = 'fetch it again, and look at what came'
  return [{ severity: 'error', message: `${fault} (profile ${profile})`, ...origin, hint }]
}

const dryAsk = { carrier: 'tftp', peer: { address: '0.0.0.0', port: 0 }, headers: {}, dry: true } as const

async function answerOf(
  armed: House,
  machine: Machine,
  validate: Validator,
  validated: Set<string>,
): Promise<Finding[]> {
  const profile = armed.registry.profileOf(machine)
  if (!hasAnswer(profile) || foreignFamily(armed, profile)) return []
  let text = ''
  let own: readonly (string | undefined)[] = []
  const broken = collect(machine, () => {
    const { house, token, audience } = sceneOf(armed, machine)
    own = [token, audience.address]
    const shelf = new Shelf(house)
    for (const name of ['', ...partNames(house, profile)]) {
      const finding = shelf.find(name === '' ? `a/${token}` : `a/${token}/${name}`, dryAsk)
      if (finding?.kind === 'bytes' && name === '') text = finding.bytes.toString()
      else if (finding?.kind === 'refused') throw new Fault('file-missing', finding.message, profile.origin)
    }
    return []
  })
  // The validators are programs: one for each of 10 000 machines would take an hour.
  const key = broken.length > 0 ? '' : withoutOwn(text, machine, own)
  if (broken.length > 0 || validated.has(key)) return broken
  validated.add(key)
  return familyFindings(armed, machine, profile, text, validate)
}

/** A golden image: whether it is here, what installs it, and the script as it would be given. */
async function scriptOf(house: House, machine: Machine): Promise<Finding[]> {
  const profile = house.registry.profileOf(machine)
  if (profile?.kind !== 'image') return []
  const { name, image, origin } = profile
  const found = collect(machine, () => layoutFindings(house, profile))
  if (!house.golden) return [...found, notLookedFor(profile)]
  if (imagerMissing(house))
    found.push({
      severity: 'error',
      message: `profile ${name} installs an image, and there is no imager`,
      ...origin,
      hint: imagerHint(house),
    })
  if (profile.transport === 'multicast' && !canMulticast())
    found.push({
      severity: 'warning',
      message: `profile ${name} pulls by multicast, and there is no uftp: its machines will pull by HTTP`,
      ...origin,
      hint: 'install the Debian package uftp',
    })
  const version = await house.golden.store.find(parseReference(image))
  if (!version) {
    const hint = 'birnam image ls shows what there is; capture or push it'
    return [
      ...found,
      { severity: 'error', message: `${image} of profile ${name} is not on this server`, ...origin, hint },
    ]
  }
  const promised = formatReference({ name: version.name, digest: version.digest })
  const { audience } = sceneOf(house, machine)
  try {
    if (isForImage(audience)) await installScript(house, audience, promised, '')
    return found
  } catch (error) {
    return [...found, ...collect(machine, () => raise(error))]
  }
}

/** A layout that no firmware can start stops every install: before its disks are written, but it stops it. */
function layoutFindings(house: House, profile: ImageProfile): Finding[] {
  if (firmwaresOf(layoutOf(house, profile)).length > 0) return []
  const message = `no firmware could start a machine with ${profile.layout}, which profile ${profile.name} writes`
  const hint = `BIOS needs ${lacksFor.bios}; UEFI needs ${lacksFor.uefi}`
  return [{ severity: 'error', message, ...profile.origin, hint }]
}

function notLookedFor(profile: ImageProfile): Finding {
  const message = `${profile.image} was not looked for: there is no data directory here`
  const hint = 'name it with --data, or run this where the server runs'
  return { severity: 'warning', message, ...profile.origin, hint }
}

async function familyFindings(
  house: House,
  machine: Machine,
  profile: Extract<Profile, { kind: 'live' | 'install' }>,
  text: string,
  validate: Validator,
): Promise<Finding[]> {
  const distro = distroOf(house, profile)
  const family = answerFamily(house, profile)
  if (!distro || !family) return []
  const said = [...family.check(text, distro.version), ...(await validate(family.name, text, distro.version))]
  return said.map((problem) => ({
    severity: 'severity' in problem && problem.severity === 'warning' ? 'warning' : 'error',
    machine: machine.name,
    message: `${family.name}${problem.line ? ` line ${problem.line}` : ''}: ${problem.message}`,
  }))
}

function once(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, Finding>()
  for (const finding of findings)
    seen.set(`${finding.file}:${finding.line}:${finding.machine}:${finding.message}`, finding)
  return [...seen.values()]
}
