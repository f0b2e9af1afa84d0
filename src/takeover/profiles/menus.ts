import { basename } from 'node:path'
import type { LeftList } from '../told.ts'
import type { ProfileBook } from './book.ts'
import { entriesOf, type MenuEntry, type OldChoice, type OldConfig, type OldMenu } from './menu.ts'
import type { TftpFile, TftpRoot } from './root.ts'
const deepest = 16

type Files = readonly TftpFile[]

/** `shown`: a program shows the files as a menu, whatever they say of that themselves. */
export type ReadMenu = (files: Files, shown: boolean) => OldConfig

/** Menu files as profiles: of what follows when nobody chooses, or of kind menu where somebody has to. */
export class MenuBook {
  readonly #root: TftpRoot
  readonly #book: ProfileBook
  readonly #left: LeftList
  readonly #reader: ReadMenu
  readonly #configs = new Map<string, OldConfig>()
  readonly #menus = new Map<OldMenu, string | undefined>()
  readonly #profiles = new Map<string, string | undefined>()

  constructor(root: TftpRoot, book: ProfileBook, left: LeftList, read: ReadMenu) {
    this.#root = root
    this.#book = book
    this.#left = left
    this.#reader = read
  }

  /** What a machine that gets this file becomes; undefined when nothing of it could be taken. */
  profileOf(file: TftpFile): string | undefined {
    if (!this.#profiles.has(file.path)) this.#profiles.set(file.path, this.#follow([file], false, 0))
    return this.#profiles.get(file.path)
  }

  /** `shown`: a program shows the files as a menu, whatever they say of that themselves. */
  #follow(files: Files, shown: boolean, depth: number): string | undefined {
    const read = depth < deepest ? this.#resolve(files, shown) : undefined
    if (!read) return undefined
    const { menu, asks } = read.config
    for (const entry of entriesOf(menu)) this.#book.of(entry, entry.boot)
    const end = endOf(menu)
    const boot = end?.boot
    if (!asks && boot?.do === 'menu') return this.#follow(this.#filesOf(boot.files, read.files), boot.shown, depth + 1)
    const profile = end && this.#book.of(end, end.boot)
    if (!asks || profile !== undefined) {
      if (asks && profile !== undefined && menu.choices.length > 1)
        this.#tellEnd(
          read.files,
          end!,
          `is booted there, and a menu here boots the disk; machines get ${profile} itself`,
        )
      return profile ?? (boot?.do === 'local' ? this.#book.disk() : undefined)
    }
    if (end && boot?.do !== 'local') this.#tellEnd(read.files, end, 'follows there, and a menu here boots the disk')
    const hasDisk = entriesOf(menu).some((entry) => entry.boot.do === 'local')
    return this.#menuOf(menu, read.files, depth) ?? (hasDisk ? this.#book.disk() : undefined)
  }

  /** What these files say, or those that their menu program reads instead. */
  #resolve(files: Files, shown: boolean, depth = 0): { readonly config: OldConfig; readonly files: Files } | undefined {
    if (files.length === 0 || depth >= deepest) return undefined
    const config = this.#read(files, shown)
    if (config.elsewhere.length === 0) return { config, files }
    return this.#resolve(this.#find(config.elsewhere, files[0]!), true, depth + 1)
  }

  #tellEnd(files: Files, { label }: MenuEntry, what: string): void {
    this.#left.add(files[0]!.real, `its menu: when nobody chooses, ${this.#book.called} ${label.slice(0, 100)} ${what}`)
  }

  #read(files: Files, shown: boolean): OldConfig {
    const plain = this.#readOnce(files, false)
    return !shown || (plain.shown && plain.elsewhere.length === 0) ? plain : this.#readOnce(files, true)
  }

  #readOnce(files: Files, shown: boolean): OldConfig {
    const key = `${shown ? 'shown' : ''}\n${files.map(({ path }) => path).join('\n')}`
    const known = this.#configs.get(key)
    if (known) return known
    const config = this.#reader(files, shown)
    this.#configs.set(key, config)
    return config
  }

  /** menu.c32 without a file shows the one that is read. */
  #filesOf(names: readonly string[], from: Files): Files {
    return names.length === 0 ? from : this.#find(names, from[0]!)
  }

  #find(names: readonly string[], from: TftpFile): Files {
    return names.flatMap((name) => {
      const found = this.#root.find(name)
      if (typeof found !== 'string') return [found]
      this.#left.add(from.real, `the menu ${name.slice(0, 200)} ${found}`)
      return []
    })
  }

  /** Of kind menu, when there is anything but the disk to choose. */
  #menuOf(menu: OldMenu, files: Files, depth: number): string | undefined {
    if (this.#menus.has(menu) || depth >= deepest) return this.#menus.get(menu)
    const file = files.at(-1)!.real
    const isWhole = menu.tag === '.top'
    const name = this.#book.names.profile(`menu-${isWhole ? basename(file) : menu.tag || 'unnamed'}`)
    // Known before its entries are: menus lead back to each other.
    this.#menus.set(menu, name)
    const chosen = new Set(menu.choices.map((choice) => this.#choice(choice, files, depth)))
    const entries = [...chosen].filter((entry): entry is string => entry !== undefined && entry !== name)
    if (entries.length === 0) {
      this.#menus.set(menu, undefined)
      return undefined
    }
    return this.#add(name, entries, menu, file)
  }

  #add(name: string, entries: readonly string[], { title = '', timeout }: OldMenu, file: string): string {
    const seconds = Math.min(timeout, 3600)
    if (seconds === 0)
      this.#left.add(file, 'its menu waits for ever: here it boots the disk after 30 seconds (timeout: of the profile)')
    const shown = title
      .replaceAll(/[^\x20-\x7e]+/g, '')
      .replace(/^[- ]+/, '')
      .slice(0, 60)
      .trim()
    const menu = { entries, timeout: seconds === 0 ? 30 : seconds, ...(shown !== '' && { title: shown }) }
    this.#book.profiles.push({ kind: 'menu', name, ...menu, vars: {}, origin: this.#book.origin })
    return name
  }

  #choice(choice: OldChoice, files: Files, depth: number): string | undefined {
    if ('menu' in choice) {
      this.#tellInner(choice.menu)
      return this.#menuOf(choice.menu, files, depth + 1)
    }
    const { boot } = choice
    if (choice.hidden) return undefined
    if (boot.do !== 'menu') return this.#book.of(choice, boot)
    const read = this.#resolve(this.#filesOf(boot.files, files), boot.shown)
    if (!read) return undefined
    const { menu } = read.config
    for (const entry of entriesOf(menu)) this.#book.of(entry, entry.boot)
    if (!this.#menus.has(menu)) this.#tellInner(menu)
    return this.#menuOf(menu, read.files, depth + 1)
  }

  /** A menu in a menu ends at the disk here, too. */
  #tellInner(menu: OldMenu): void {
    const end = endOf(menu)
    if (!end || end.boot.do === 'local') return
    const called = menu.title === undefined ? 'a menu in a menu' : `the menu ${menu.title.slice(0, 60)}`
    const why = `${called}: when nobody chooses, ${this.#book.called} ${end.label.slice(0, 100)} follows there, and a menu here boots the disk`
    this.#left.add(end.file, why, end.line)
  }
}

/** What is booted when nobody chooses, in menus in the menu too. */
function endOf({ unattended }: OldMenu): MenuEntry | undefined {
  let choice = unattended
  for (let depth = 0; choice && 'menu' in choice; depth++) choice = depth < deepest ? choice.menu.unattended : undefined
  return choice
}
