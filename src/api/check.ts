import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { didYouMean } from '../config/suggest.ts'
import { isWiping, type Machine, type Profile } from '../config/site.ts'
import { Fault } from '../fault.ts'
import { answerFamily, partNames } from '../files/answer-part.ts'
import { distroOf } from '../files/context.ts'
import type { House } from '../files/house.ts'
import { imagerMissing } from '../files/imager-files.ts'
import { installScript, isForImage, layoutOf, type ImageProfile } from '../files/install-script.ts'
import { firstOf, folderOf } from '../files/first.ts'
import { bringsLoader } from '../files/loaders.ts'
import { withHead } from '../files/menu-head.ts'
import { menuOf } from '../files/menu-of.ts'
import { formatReference, parseReference } from '../image/reference.ts'
import { Shelf } from '../files/shelf.ts'
import { firstFile } from '../boot/loader.ts'
import { loaderFor } from '../boot/offer.ts'
import { askHouse } from '../files/house.ts'
import { writeGrub } from '../menu/grub.ts'
import type { MenuName } from '../menu/menu-name.ts'
import { writeIpxe } from '../menu/ipxe.ts'
import { checkPypxeboot } from '../menu/pypxeboot.ts'
import { isElsewhere, type Menu } from '../menu/menu.ts'
import { writePxelinux } from '../menu/pxelinux.ts'
import type { Permit } from '../machine/permit.ts'
import { certificateFindings } from './check-certificate.ts'
import { everyChoice } from './choices.ts'
import { grubFindings, type GrubMenu, type Validator } from './check-grub.ts'
import type { Finding } from './finding.ts'
import { firmwares } from './firmware.ts'
import { hideFor } from './secrets.ts'
import { cardOf } from './stand-in.ts'
import { canMulticast } from '../swarm/uftp.ts'

/**
 * Renders everything for every machine, an install as if its permit were armed and a menu as if each of its entries were chosen, and collects what is wrong. The same text for
 * many machines is told once.
 */
export async function checkHouse(house: House, shelf: Shelf, validate: Validator): Promise<readonly Finding[]> {
  const findings: Finding[] = [...ownMenus(house), ...unknownDistros(house), ...certificateFindings(house)]
  const validated = new Set<string>()
  const grub: GrubMenu[] = []
  const choices = everyChoice(house)
  for (const { house: chosen, machine } of house.registry.site.machines.flatMap(choices)) {
    const armed = asIfArmed(chosen, machine)
    findings.push(...loadersOf(armed, machine), ...menusOf(armed, machine, grub), ...filesOf(armed, shelf, machine))
    findings.push(...(await answerOf(armed, machine, validate, validated)), ...(await scriptOf(armed, machine)))
  }
  findings.push(...(await grubFindings(house, grub, validate)))
  return once(findings.map((finding) => withoutSecrets(house, finding)))
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

/** A house in which this machine may be installed: for looking only, because nothing is ever claimed in a dry look-up. */
export function asIfArmed(house: House, machine: Machine): House {
  const profile = house.registry.profileOf(machine)
  if (!isWiping(profile)) return house
  const now = house.now()
  const permit: Permit = {
    id: 'as-if-armed',
    machine: machine.name,
    target: profile.name,
    ...(profile.kind === 'image' && { image: profile.image }),
    by: 'a forecast',
    createdAt: now,
    expiresAt: now + 60_000,
    state: 'armed',
  }
  return { ...house, permits: Object.assign(Object.create(house.permits) as House['permits'], { of: () => permit }) }
}

/** The menu as GRUB would have it is put into `grub`. */
function menusOf(armed: House, machine: Machine, grub: GrubMenu[]): Finding[] {
  return collect(machine, () => {
    const { house, answer, audience, path } = sceneOf(armed, machine)
    const menu = menuOf(house, answer, audience)
    if (startsProgram(menu)) return programFindings(house, machine, menu, path)
    const headed = (loader: MenuName['loader']): Menu => withHead(house, loader, menu, audience)
    writePxelinux(headed('pxelinux'), { metal: true })
    writeIpxe(headed('ipxe'), `http://0.0.0.0/${path}`)
    grub.push({ machine: machine.name, text: writeGrub(headed('grub'), `/${path}`) })
    // A guest that asks without a boot session is not asked to choose.
    return menu.entries.some(({ boot }) => boot.kind === 'menu') ? [] : guestFindings(machine, menu)
  })
}

function startsProgram({ entries, default: label }: Menu): boolean {
  const boot = entries.find((entry) => entry.label === label)?.boot
  return boot !== undefined && (isElsewhere(boot) || (boot.kind === 'kernel' && boot.program !== undefined))
}

/** Not every loader starts every program: a machine needs one firmware whose loader does. */
function programFindings(house: House, machine: Machine, menu: Menu, path: string): Finding[] {
  const profile = house.registry.profileOf(machine)
  const findings = [firmwares.bios, firmwares.uefi].flatMap((kind) => {
    const first = firstOf(house, kind, { machine, ...(profile && { profile }) })
    const loads = first?.kind === 'loader' ? first.loads : 'ipxe'
    const found = collect(machine, () => {
      if (loads === 'pxelinux') writePxelinux(menu, { metal: true })
      else if (loads === 'ipxe') writeIpxe(menu, `http://0.0.0.0/${path}`)
      else writeGrub(menu, `/${path}`)
      return []
    })
    return found.map((finding) => ({ ...finding, message: `with ${kind.title}: ${finding.message}` }))
  })
  return findings.length > 1 ? findings : findings.map((finding) => ({ ...finding, severity: 'warning' }))
}

/** pypxeboot reads less than PXELINUX does: what it dies of matters to Xen guests alone. */
function guestFindings(machine: Machine, menu: Menu): Finding[] {
  let text: string
  try {
    text = writePxelinux(menu, { shorten: () => 'http://0.0.0.0/k/0' })
  } catch (error) {
    return collect(machine, () => raise(error)).map((finding) => ({ ...finding, severity: 'warning' }))
  }
  return checkPypxeboot(text, `the PXELINUX menu of ${machine.name}`).map(({ severity, line, message, hint }) => ({
    severity,
    machine: machine.name,
    message: `menu line ${line}: ${message}`,
    ...(hint !== undefined && { hint }),
  }))
}

function sceneOf(
  running: House,
  machine: Machine,
): {
  house: House
  answer: ReturnType<typeof askHouse>
  audience: Parameters<typeof menuOf>[2]
  path: string
  token: string
} {
  const { house, mac } = cardOf(running, machine, 'firmware')
  const session = house.sessions.imagined(mac, house.now())
  const answer = askHouse(house, { door: 'explain', asker: 'firmware', mac, session: session.id })
  const audience = { machine, mac, session, ...(answer.profile && { profile: answer.profile }) }
  return { house, answer, audience, path: `s/${session.id}/`, token: house.sessions.tokenOf(session) }
}

/** Menus that the site serves as they are, from `files/pxelinux.cfg/`. */
function ownMenus({ paths, registry }: House): Finding[] {
  const folder = join(registry.site.directory, 'files/pxelinux.cfg')
  if (!existsSync(folder)) return []
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
  return names.flatMap((name) => {
    const file = `files/pxelinux.cfg/${name}`
    const found = paths.find(file)
    if (!found) return []
    return checkPypxeboot(readFileSync(found.path, 'utf8'), file).map(({ severity, line, message, hint }) => ({
      severity,
      file,
      line,
      message,
      hint,
    }))
  })
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
    if (name === undefined || shelf.find(name, dryAsk)) return []
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

const dryAsk = { carrier: 'tftp', peer: { address: '0.0.0.0', port: 0 }, headers: {}, dry: true } as const

async function answerOf(
  armed: House,
  machine: Machine,
  validate: Validator,
  validated: Set<string>,
): Promise<Finding[]> {
  const profile = armed.registry.profileOf(machine)
  if ((profile?.kind !== 'live' && profile?.kind !== 'install') || profile.answer === undefined) return []
  let text = ''
  const broken = collect(machine, () => {
    const { house, token } = sceneOf(armed, machine)
    const shelf = new Shelf(house)
    for (const name of ['', ...partNames(house, profile)]) {
      const finding = shelf.find(name === '' ? `a/${token}` : `a/${token}/${name}`, dryAsk)
      if (finding?.kind === 'bytes' && name === '') text = finding.bytes.toString()
      else if (finding?.kind === 'refused') throw new Fault('file-missing', finding.message, profile.origin)
    }
    return []
  })
  if (broken.length > 0 || validated.has(text)) return broken
  validated.add(text)
  return familyFindings(armed, machine, profile, text, validate)
}

/** A golden image: whether it is here, what installs it, and the script as it would be given. */
async function scriptOf(house: House, machine: Machine): Promise<Finding[]> {
  const profile = house.registry.profileOf(machine)
  if (profile?.kind !== 'image') return []
  const { name, image, origin } = profile
  if (!house.golden) return collect(machine, () => layoutFindings(house, profile))
  const found: Finding[] = []
  if (imagerMissing(house))
    found.push({
      severity: 'error',
      message: `profile ${name} installs an image, and there is no imager`,
      ...origin,
      hint: 'birnam imager build makes it',
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

function layoutFindings(house: House, profile: ImageProfile): Finding[] {
  layoutOf(house, profile)
  const message = `${profile.image} was not looked for: there is no data directory here`
  return [
    { severity: 'warning', message, ...profile.origin, hint: 'name it with --data, or run this where the server runs' },
  ]
}

function raise(error: unknown): never {
  throw error
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

function collect(machine: Machine, work: () => Finding[]): Finding[] {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const { file, line, hint } = error.detail
    const place = {
      ...(file !== undefined && { file }),
      ...(line !== undefined && { line }),
      ...(hint !== undefined && { hint }),
    }
    return [{ severity: 'error', machine: machine.name, message: error.message, ...place }]
  }
}

function once(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, Finding>()
  for (const finding of findings)
    seen.set(`${finding.file}:${finding.line}:${finding.machine}:${finding.message}`, finding)
  return [...seen.values()]
}
