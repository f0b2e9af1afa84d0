import { statSync } from 'node:fs'
import { reach, type Session, type Stage } from '../boot/session.ts'
import { readMenuName, type MenuName } from '../menu/menu-name.ts'
import type { Event } from '../journal/journal.ts'
import type { Content, Finding, Transfer } from '../net/content.ts'
import type { Mac } from '../net/mac.ts'
import { findAnswer } from './answers.ts'
import type { Asked } from './asked.ts'
import { cardAt, machineOf, type House } from './house.ts'
import { note } from './boot-progress.ts'
import { imagerPath } from './imager-files.ts'
import { ownLoader } from './first.ts'
import { loaderPath, packageOf } from './loaders.ts'
import { keyRefused, PrivateKeys } from './private-keys.ts'
import { whyOver } from './over.ts'
import { findForPixiecore } from './pixiecore.ts'
import { findForPi, readPiName, type PiName } from './raspberry-pi.ts'
import { findForMatchbox } from './matchbox.ts'
import { findMenu } from './menus.ts'
import { normalise, splitSession } from './names.ts'

/** What a name means, for both carriers: menus, answers, kernels, the site's own files, loaders. */
export class Shelf {
  readonly #house: House
  readonly #keys = new PrivateKeys()
  readonly #static = new Map<string, { readonly at: number; readonly content: Content | undefined }>()

  constructor(house: House) {
    this.#house = house
  }

  /** A private key is refused whatever name leads to it. */
  find(name: string, asked: Asked): Finding {
    const found = this.#find(name, asked)
    return found?.kind === 'file' && this.#keys.has(found) ? keyRefused(name) : found
  }

  #find(name: string, asked: Asked): Finding {
    const clean = normalise(name)
    if (clean === undefined) return undefined
    const { id, rest } = splitSession(clean)
    if (id === undefined) return this.#lookUp(rest, asked)
    const session = this.#house.sessions.find(id, this.#house.now())
    if (!session) return { kind: 'refused', status: 404, message: 'no such boot session' }
    const found = this.#lookUp(rest, { ...asked, session })
    return asked.dry ? found : this.#whileInstalling(found, rest, session)
  }

  /** Of an install that is over nothing is given any more, under the name of its boot: neither its kernel nor the rest of it. */
  #whileInstalling(found: Finding, name: string, session: Session): Finding {
    if (!found || found.kind === 'refused') return found
    const isPart = found.kind === 'bytes' ? found.secret === true : stageOf(this.#house, name) === 'kernel'
    if (!isPart) return found
    const why = whyOver(this.#house, session)
    if (why !== undefined) return { kind: 'refused', status: 410, message: why }
    return { ...found, mayGoOn: () => whyOver(this.#house, session) === undefined }
  }

  /** A site change makes every remembered look-up void. */
  forget(): void {
    this.#static.clear()
  }

  /** What a carrier tells of the end of a transfer, as an event of the machine's boot. */
  ended(transfer: Transfer): void {
    const house = this.#house
    const whose = this.whose(transfer)
    if (!whose || transfer.harmless) return
    const { rest, session, mac } = whose
    const machine = mac && machineOf(house, mac)
    const stage = stageOf(house, rest)
    const event = { at: house.now(), type: `file.${transfer.outcome}`, detail: detailOf(transfer, rest, stage) }
    // Of a machine that nobody named, in memory alone.
    if (!machine && mac) house.unknown.tell({ ...event, mac })
    if (!machine || !session) return
    if (stage && transfer.outcome === 'sent') reach(session, stage, house.now())
    if (stage === 'kernel' && transfer.outcome === 'sent') note(house, session, transfer.peer.address, 'gone')
    if (stage === 'kernel' && transfer.outcome === 'sent' && house.permits.of(machine.name)?.session === session.id)
      house.permits.seen(machine.name, `${rest} was fetched`)
    house.journal.record({ ...event, machine: machine.name, mac: session.mac, session: session.id })
  }

  /** What was asked for, and in whose boot, as the name says it, else the address. */
  whose({ name, peer }: Pick<Transfer, 'name' | 'peer'>): Whose | undefined {
    const { sessions, now } = this.#house
    const clean = normalise(name)
    if (clean === undefined) return undefined
    const { id, rest } = splitSession(clean)
    const card = id === undefined ? cardAt(this.#house, peer.address) : undefined
    const session = id === undefined ? card && sessions.current(card) : sessions.find(id, now())
    const mac = session?.mac ?? card
    return { rest, ...(session && { session }), ...(mac && { mac }) }
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
    const theirs = this.#file(`${name.directory}/${name.rest}`)
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
}

/** Whose file it is: `rest` is its name within the boot. */
export interface Whose {
  readonly rest: string
  readonly session?: Session
  readonly mac?: Mac
}

/** Of a transfer that came to its end its bytes are enough; of another it is told how far it came, and what was said. */
function detailOf(transfer: Transfer, rest: string, stage: Stage | undefined): NonNullable<Event['detail']> {
  const { carrier, bytes, milliseconds, outcome, size, blksize, answered, detail } = transfer
  const about = { name: rest, stage, carrier, bytes, ms: Math.round(milliseconds) }
  if (outcome === 'sent') return about
  const why = detail?.slice(0, 300)
  return { ...about, size, ...(outcome === 'timeout' && bytes === 0 && { blksize, answered }), why }
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
