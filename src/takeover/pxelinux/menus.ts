import { bootOf } from './boot.ts'
import { MenuLines } from './lines.ts'
import { readMenu, type OldEntry, type OldMenu } from './menu.ts'
import type { ProfileBook } from '../profiles/book.ts'
import type { TftpFile, TftpRoot } from '../profiles/root.ts'
import type { LeftList } from '../told.ts'

const origin = { file: 'pxelinux.yaml', line: 0 }
const deepest = 16

/** Menu files as profiles: of what follows when nobody chooses, or of kind menu where somebody has to. */
export class MenuBook {
  readonly #root: TftpRoot
  readonly #book: ProfileBook
  readonly #left: LeftList
  readonly #lines: MenuLines
  readonly #menus = new Map<string, string | undefined>()
  readonly #profiles = new Map<string, string | undefined>()

  constructor(root: TftpRoot, book: ProfileBook, left: LeftList) {
    this.#root = root
    this.#book = book
    this.#left = left
    this.#lines = new MenuLines(root, left)
  }

  /** What a machine that gets this file becomes; undefined when nothing of it could be taken. */
  profileOf(file: TftpFile): string | undefined {
    if (!this.#profiles.has(file.path)) this.#profiles.set(file.path, this.#follow([file], 0))
    return this.#profiles.get(file.path)
  }

  #follow(files: readonly TftpFile[], depth: number): string | undefined {
    const menu = this.#read(files)
    if (menu.elsewhere.length > 0 && depth < deepest)
      return this.#follow(this.#find(menu.elsewhere, files[0]!), depth + 1)
    for (const entry of menu.entries) this.#book.of(entry)
    const { unattended } = menu
    const boot = unattended && bootOf(unattended)
    if (unattended && boot?.do === 'linux') {
      const name = this.#book.of(unattended)
      if (menu.asks && menu.entries.length > 1 && name !== undefined)
        this.#left.add(
          files[0]!.real,
          `its menu: when nobody chooses, LABEL ${unattended.label} is booted there, and a menu here boots the disk; machines get ${name} itself`,
        )
      return name
    }
    if (unattended && boot?.do === 'menu' && depth < deepest)
      return this.#follow(this.#find(boot.files, files[0]!), depth + 1)
    if (boot?.do === 'other') return undefined
    return this.#menuOf(menu, files) ?? (boot?.do === 'local' ? this.#book.disk() : undefined)
  }

  #read(files: readonly TftpFile[]): OldMenu {
    return readMenu(
      files.flatMap((file) => this.#lines.read(file)),
      this.#left,
    )
  }

  #find(names: readonly string[], from: TftpFile): TftpFile[] {
    return names.flatMap((name) => {
      const found = this.#root.find(name)
      if (typeof found !== 'string') return [found]
      this.#left.add(from.real, `the menu ${name.slice(0, 200)} ${found}`)
      return []
    })
  }

  /** Of kind menu, when there is anything but the disk to choose. */
  #menuOf(menu: OldMenu, files: readonly TftpFile[]): string | undefined {
    const key = files.map(({ path }) => path).join('\n')
    if (files.length === 0 || this.#menus.has(key)) return this.#menus.get(key)
    if (!menu.asks) return undefined
    const file = files.at(-1)!.real
    const name = this.#book.names.profile(`menu-${file.slice(file.lastIndexOf('/') + 1)}`)
    // Known before its entries are: menus lead back to each other.
    this.#menus.set(key, name)
    const entries = [...new Set(menu.entries.flatMap((entry) => this.#choice(entry, files[0]!) ?? []))]
    if (entries.length === 0) {
      this.#menus.set(key, undefined)
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
    this.#book.profiles.push({ kind: 'menu', name, ...menu, vars: {}, origin })
    return name
  }

  #choice(entry: OldEntry, from: TftpFile): string | undefined {
    const boot = bootOf(entry)
    if (boot.do !== 'menu') return this.#book.of(entry)
    const files = this.#find(boot.files, from)
    return files.length === 0 ? undefined : this.#menuOf({ ...this.#read(files), asks: true }, files)
  }
}
