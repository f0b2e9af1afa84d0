import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isWiping, type Machine, type Profile } from '../config/site.ts'
import { Fault } from '../fault.ts'
import { familyOf } from '../answer/families.ts'
import { distroOf } from '../files/context.ts'
import type { House } from '../files/house.ts'
import { imagerMissing } from '../files/imager-files.ts'
import { installScript, isForImage, layoutOf, type ImageProfile } from '../files/install-script.ts'
import { loaderPath, packageOf } from '../files/loaders.ts'
import { menuOf } from '../files/menu-of.ts'
import { formatReference, parseReference } from '../image/reference.ts'
import { Shelf } from '../files/shelf.ts'
import { firstFile } from '../boot/loader.ts'
import { loaderFor } from '../boot/offer.ts'
import { askHouse } from '../files/house.ts'
import { writeGrub } from '../menu/grub.ts'
import { writeIpxe } from '../menu/ipxe.ts'
import { checkPypxeboot } from '../menu/pypxeboot.ts'
import { writePxelinux } from '../menu/pxelinux.ts'
import type { Permit } from '../machine/permit.ts'
import { firmwares } from './firmware.ts'
import { hideFor } from './secrets.ts'
import { cardOf } from './stand-in.ts'
import { canMulticast } from '../swarm/uftp.ts'

/** One thing that is wrong with what a machine would get. */
export interface Finding {
  readonly severity: 'error' | 'warning'
  readonly machine?: string
  readonly message: string
  readonly file?: string
  readonly line?: number
  readonly hint?: string
}

/** The outside validators that were found, and what they said of a text. */
export type Validator = (
  family: string,
  text: string,
  version: string,
) => Promise<readonly { line?: number; message: string }[]>

/**
 * Renders everything for every machine, an install as if its permit were armed, and collects what is wrong. The same text for
 * many machines is told once.
 */
export async function checkHouse(house: House, shelf: Shelf, validate: Validator): Promise<readonly Finding[]> {
  const findings: Finding[] = ownMenus(house)
  const validated = new Set<string>()
  for (const machine of house.registry.site.machines) {
    const armed = asIfArmed(house, machine)
    findings.push(...loadersOf(armed, machine), ...menusOf(armed, machine), ...filesOf(armed, shelf, machine))
    findings.push(...(await answerOf(armed, machine, validate, validated)), ...(await scriptOf(armed, machine)))
  }
  return once(findings.map((finding) => withoutSecrets(house, finding)))
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

function menusOf(armed: House, machine: Machine): Finding[] {
  return collect(machine, () => {
    const { house, answer, audience, path } = sceneOf(armed, machine)
    const menu = menuOf(house, answer, audience)
    const text = writePxelinux(menu, { shorten: () => 'http://0.0.0.0/k/0' })
    writeIpxe(menu, `http://0.0.0.0/${path}`)
    writeGrub(menu, `/${path}`)
    return checkPypxeboot(text, `the PXELINUX menu of ${machine.name}`).map(({ severity, line, message, hint }) => ({
      severity,
      machine: machine.name,
      message: `menu line ${line}: ${message}`,
      ...(hint !== undefined && { hint }),
    }))
  })
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
  const kinds = [firmwares.bios, firmwares.uefi]
  const names = kinds.map((kind) => {
    const client = { door: 'explain', ...kind } as const
    return firstFile(client, loaderFor(client, answer, house.registry.site.server))
  })
  return names.flatMap((first) => {
    if (first?.kind !== 'loader' || loaderOnShelf(house, first.name)) return []
    const hint = `install the package ${packageOf(first.name)}, or put the file under files/ in the site`
    return [{ severity: 'warning' as const, message: `the loader ${first.name} is not on this server`, hint }]
  })
}

function loaderOnShelf(house: House, name: string): boolean {
  return house.paths.find(`files/${name}`) !== undefined || loaderPath(name) !== undefined
}

function filesOf(house: House, shelf: Shelf, machine: Machine): Finding[] {
  const profile = house.registry.profileOf(machine)
  if (!profile)
    return [
      { severity: 'warning', machine: machine.name, message: 'has no profile and boots its disk', ...machine.origin },
    ]
  if (profile.kind === 'local') return []
  if (profile.kind === 'image') return []
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
    const finding = new Shelf(house).find(`a/${token}`, dryAsk)
    if (finding?.kind === 'bytes') text = finding.bytes.toString()
    else if (finding?.kind === 'refused') throw new Fault('file-missing', finding.message, profile.origin)
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
  profile: Profile,
  text: string,
  validate: Validator,
): Promise<Finding[]> {
  const distro = distroOf(house, profile)
  if (!distro) return []
  const family = familyOf(distro)
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
