import { statSync } from 'node:fs'
import { reach, type Session, type Stage } from '../boot/session.ts'
import { readMenuName, type MenuName } from '../menu/menu-name.ts'
import type { Content, Finding, Peer, Transfer } from '../net/content.ts'
import { findAnswer } from './answers.ts'
import type { Asked } from './asked.ts'
import { cardAt, machineOf, type House } from './house.ts'
import { note } from './boot-progress.ts'
import { imagerPath } from './imager-files.ts'
import { ownLoader } from './first.ts'
import { loaderPath, packageOf } from './loaders.ts'
import { findForPixiecore } from './pixiecore.ts'
import { findForPi, readPiName, type PiName } from './raspberry-pi.ts'
import { findForMatchbox } from './matchbox.ts'
import { findMenu } from './menus.ts'
import { normalise, splitSession } from './names.ts'

/** What a name means, for both carriers: menus, answers, kernels, the site's own files, loaders. */
export class Shelf {
  readonly #house: House
  readonly #static = new Map<string, { readonly at: number; readonly content: Content | undefined }>()

  constructor(house: House) {
    this.#house = house
  }

  find(name: string, asked: Asked): Finding {
    const clean = normalise(name)
    if (clean === undefined) return undefined
    const { id, rest } = splitSession(clean)
    if (id === undefined) return this.#lookUp(rest, asked)
    const session = this.#house.sessions.find(id, this.#house.now())
    if (!session) return { kind: 'refused', status: 404, message: 'no such boot session' }
    return this.#lookUp(rest, { ...asked, session })
  }

  /** A site change makes every remembered look-up void. */
  forget(): void {
    this.#static.clear()
  }

  /** What a carrier tells of the end of a transfer, as an event of the machine's boot. */
  ended(transfer: Transfer): void {
    const house = this.#house
    const clean = normalise(transfer.name)
    if (clean === undefined || transfer.outcome === 'aborted') return
    const { id, rest } = splitSession(clean)
    const session = id === undefined ? this.#sessionAt(transfer.peer) : house.sessions.find(id, house.now())
    const machine = session && machineOf(house, session.mac)
    if (!session || !machine) return
    const stage = transfer.outcome === 'sent' ? stageOf(house, rest) : undefined
    if (stage) reach(session, stage, house.now())
    if (stage === 'kernel') note(house, session, transfer.peer.address, 'gone')
    if (stage === 'kernel' && house.permits.of(machine.name)?.session === session.id)
      house.permits.seen(machine.name, `${rest} was fetched`)
    const { carrier, bytes, milliseconds, outcome } = transfer
    const detail = { name: rest, stage, carrier, bytes, ms: Math.round(milliseconds) }
    const whose = { machine: machine.name, mac: session.mac, session: session.id }
    house.journal.record({ at: house.now(), type: `file.${outcome}`, ...whose, detail })
  }

  #lookUp(name: string, asked: Asked): Finding {
    const menu = readMenuName(name)
    if (menu) return findMenu(this.#house, menu, asked, () => this.#file(name))
    if (name === 'a' || name.startsWith('a/')) return findAnswer(this.#house, name.slice(2), asked)
    const foreign = this.#forOthers(name, asked)
    if (foreign) return foreign
    const pi = readPiName(name)
    const forPi = pi && this.#forPi(pi, asked)
    if (forPi) return forPi
    const own = asked.session && ownLoader(this.#house, asked.session, name)
    return own === undefined ? this.#file(name) : contentOf(own)
  }

  /** Names that other programs' clients ask for by HTTP. */
  #forOthers(name: string, asked: Asked): Finding {
    if (asked.carrier !== 'http') return undefined
    const menuFor = (menu: MenuName): Finding => findMenu(this.#house, menu, asked, () => this.#file(name))
    return findForMatchbox(this.#house, name, asked, menuFor) ?? findForPixiecore(this.#house, name, asked)
  }

  #forPi(name: PiName, asked: Asked): Finding {
    // What the site itself has for that board comes first.
    const theirs = this.#file(`${name.serial}/${name.rest}`)
    const shelf = { named: (rest: string) => this.#file(rest), at: (path: string) => contentOf(path) }
    return theirs ?? findForPi(this.#house, name, asked, shelf)
  }

  // Loaders ask for a dozen names that do not exist; a second's memory answers them without the file system.
  #file(name: string): Content | undefined {
    const now = this.#house.now()
    const known = this.#static.get(name)
    // However the clock jumps.
    if (known && Math.abs(now - known.at) < 1000) return known.content
    const content = this.#read(name)
    if (this.#static.size > 10_000) this.#static.clear()
    this.#static.set(name, { at: now, content })
    return content
  }

  #read(name: string): Content | undefined {
    const { paths } = this.#house
    const path =
      paths.find(`files/${name}`)?.path ?? (isBootFile(this.#house, name) ? paths.find(name)?.path : undefined)
    return contentOf(path ?? this.#house.distros?.path(name) ?? imagerPath(this.#house, name) ?? loaderPath(name))
  }

  #sessionAt(peer: Peer): Session | undefined {
    const mac = cardAt(this.#house, peer.address)
    return mac && this.#house.sessions.current(mac)
  }
}

function contentOf(path: string | undefined): Content | undefined {
  if (path === undefined) return undefined
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat?.isFile()) return undefined
  return { kind: 'file', path, size: stat.size, mtimeMs: stat.mtimeMs, ino: stat.ino }
}

/** Only what a profile or distro names is served from the site itself: its YAML and answers stay private. */
function isBootFile(house: House, name: string): boolean {
  return house.bootFiles.has(name) || imagerPath(house, name) !== undefined
}

function stageOf(house: House, name: string): Stage | undefined {
  if (isBootFile(house, name) || house.distros?.isBoot(name)) return 'kernel'
  return packageOf(name) !== undefined || /\.efi$/i.test(name) ? 'loader' : undefined
}
