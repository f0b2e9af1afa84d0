import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from '../config/site.ts'
import { firstOf } from '../files/first.ts'
import type { House } from '../files/house.ts'
import { withHead } from '../files/menu-head.ts'
import { menuOf } from '../files/menu-of.ts'
import { writeGrub } from '../menu/grub.ts'
import { writeIpxe } from '../menu/ipxe.ts'
import type { MenuName } from '../menu/menu-name.ts'
import { isElsewhere, type Menu } from '../menu/menu.ts'
import { checkPypxeboot } from '../menu/pypxeboot.ts'
import { writePxelinux } from '../menu/pxelinux.ts'
import type { GrubMenu } from './check-grub.ts'
import { collect, raise, type Finding } from './finding.ts'
import { firmwares } from './firmware.ts'
import { sceneOf } from './scene.ts'

/** What one machine's menus could not be told to loaders. The menu as GRUB would have it is put into `grub`. */
export function menuFindings(armed: House, machine: Machine, grub: GrubMenu[]): Finding[] {
  return collect(machine, () => {
    const { house, answer, audience, path } = sceneOf(armed, machine)
    const menu = menuOf(house, answer, audience)
    const writers: Writers = {
      pxelinux: () => writePxelinux(withHead(house, 'pxelinux', menu, audience), { metal: true }),
      ipxe: () => writeIpxe(withHead(house, 'ipxe', menu, audience), `http://0.0.0.0/${path}`),
      grub: () => writeGrub(withHead(house, 'grub', menu, audience), `/${path}`),
    }
    if (startsProgram(menu)) return programFindings(house, machine, writers)
    writers.pxelinux()
    writers.ipxe()
    grub.push({ machine: machine.name, text: writers.grub() })
    // A guest that asks without a boot session is not asked to choose.
    return menu.entries.some(({ boot }) => boot.kind === 'menu') ? [] : guestFindings(machine, menu)
  })
}

/** A menu in the words of each loader. */
type Writers = Readonly<Record<MenuName['loader'], () => string>>

function startsProgram({ entries, default: label }: Menu): boolean {
  const boot = entries.find((entry) => entry.label === label)?.boot
  return boot !== undefined && (isElsewhere(boot) || (boot.kind === 'kernel' && boot.program !== undefined))
}

/** Not every loader starts every program: a machine needs one firmware whose loader does. */
function programFindings(house: House, machine: Machine, writers: Writers): Finding[] {
  const profile = house.registry.profileOf(machine)
  const findings = [firmwares.bios, firmwares.uefi].flatMap((kind) => {
    const first = firstOf(house, kind, { machine, ...(profile && { profile }) })
    const loads = first?.kind === 'loader' ? first.loads : 'ipxe'
    const found = collect(machine, () => {
      writers[loads]()
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

/** Menus that the site serves as they are, from `files/pxelinux.cfg/`. */
export function ownMenus({ paths, registry }: House): Finding[] {
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
