import type { LeftList } from '../told.ts'
import type { Line } from './lines.ts'
import type { MenuEntry, OldChoice, OldConfig, OldMenu } from '../profiles/menu.ts'
import { bootOf, menuPrograms, wordsOf, type RawEntry } from './boot.ts'
import { reasonFor } from './reasons.ts'

const types = new Set(['kernel', 'linux', 'boot', 'bss', 'pxe', 'fdimage', 'comboot', 'com32', 'config', 'localboot'])
const deepest = 16

/** Puts the lines of a menu together. What nothing here does the same is told. `shown`: a program shows them as a menu. */
export function readMenu(lines: readonly Line[], left: LeftList, { shown }: { readonly shown: boolean }): OldConfig {
  const builder = new Builder(left)
  for (const line of lines) builder.add(line)
  return builder.config(shown)
}

interface EntryDraft {
  label: string
  type: string
  what: string
  append?: string
  initrd?: string
  sysappend: number
  isDefault: boolean
  hidden: boolean
  /** It only leads back or out of the menu. */
  disabled: boolean
  goto?: string
  readonly at: Line
}

/** A menu that is being read; later it is what it was made of. */
interface MenuDraft {
  readonly tag: string
  readonly parent?: MenuDraft
  readonly choices: (MenuEntry | MenuDraft | { readonly goto: string })[]
  title?: string
  /** The last MENU DEFAULT. */
  default?: MenuEntry
  /** Both are those of the menu around where nothing is said. */
  timeout: number
  ontimeout?: Line
}

interface Labelled {
  readonly raw: RawEntry
  readonly entry: MenuEntry
  readonly menu: MenuDraft
}

class Builder {
  readonly #left: LeftList
  readonly #root: MenuDraft = { tag: '.top', choices: [], timeout: 0 }
  readonly #menus: MenuDraft[] = [this.#root]
  readonly #entries: Labelled[] = []
  readonly #settings = new Map<string, Line>()
  readonly #done = new Map<MenuDraft, OldMenu>()
  #menu = this.#root
  #start = this.#root
  #open: EntryDraft | undefined
  #append = ''
  #sysappend = 0

  constructor(left: LeftList) {
    this.#left = left
  }

  add(line: Line): void {
    const { keyword, value } = line
    if (keyword === 'label') this.#label(line)
    else if (keyword === 'menu separator') this.#record()
    else if (keyword === 'menu begin') this.#begin(line)
    else if (keyword === 'menu end') this.#end()
    else if (keyword === 'append') {
      if (this.#open) this.#open.append = value
      else this.#append = value
    } else if (keyword === 'ipappend' || keyword === 'sysappend') {
      const bits = Number(value)
      const taken = Number.isInteger(bits) ? bits : 0
      if (this.#open) this.#open.sysappend = taken
      else this.#sysappend = taken
    } else if (!(this.#open && ofEntry(this.#open, line)) && !ofMenu(this.#menu, line)) this.#setting(line)
  }

  config(shown: boolean): OldConfig {
    this.#record()
    const ui = this.#settings.get('ui')
    const fallback = this.#settings.get('default')
    const first = wordsOf(fallback?.value ?? '')[0] ?? ''
    // Labels are looked up before files.
    const isProgram = menuPrograms.test(first) && !this.#labelled(first)
    const program = ui ?? (fallback && isProgram ? fallback : undefined)
    const hasMenu = shown || program !== undefined
    const prompts = this.#number('prompt') > 0
    const asks = hasMenu || prompts || fallback === undefined
    const found = fallback && !isProgram ? this.#labelled(first) : undefined
    if (hasMenu && found) {
      found.menu.default = found.entry
      this.#start = found.menu
    }
    const command = !hasMenu && fallback ? this.#command(fallback) : undefined
    if (hasMenu || !command) return { ...this.#shown(asks, shown || !program ? [] : filesOf(program)), shown: hasMenu }
    const menu = this.#finish(this.#root, 0)
    const late = this.#root.ontimeout ? this.#command(this.#root.ontimeout) : command
    const unattended = !asks ? command : menu.timeout > 0 ? late : undefined
    const { unattended: _, ...plain } = menu
    return {
      menu: { ...plain, ...(unattended && { unattended }), timeout: asks ? menu.timeout : 0 },
      asks,
      shown: false,
      elsewhere: [],
    }
  }

  /** As menu.c32 shows it: it begins in the menu that the default stands in. */
  #shown(asks: boolean, elsewhere: readonly string[]): Omit<OldConfig, 'shown'> {
    const root = this.#finish(this.#root, 0)
    const start = this.#finish(this.#start, 0)
    const { unattended: _, ...plain } = root
    const menu = {
      ...plain,
      ...(start.unattended && { unattended: start.unattended }),
      timeout: start.timeout,
    }
    return { menu, asks, elsewhere }
  }

  #label(line: Line): void {
    this.#record()
    const label = line.value.trim()
    const draft = { isDefault: false, hidden: false, disabled: false, sysappend: this.#sysappend }
    // Without a KERNEL the label itself is what is booted.
    this.#open = { label, type: 'kernel', what: label, ...draft, at: line }
  }

  #begin({ value }: Line): void {
    this.#record()
    const { timeout, ontimeout } = this.#menu
    const menu: MenuDraft = {
      tag: value,
      parent: this.#menu,
      choices: [],
      timeout,
      ...(ontimeout && { ontimeout }),
      ...(value !== '' && { title: value }),
    }
    this.#menu.choices.push(menu)
    this.#menus.push(menu)
    this.#menu = menu
  }

  #end(): void {
    this.#record()
    this.#menu = this.#menu.parent ?? this.#menu
  }

  #setting(line: Line): void {
    if (line.keyword === 'menu start') this.#start = this.#menu
    else this.#settings.set(line.keyword, line)
    const why = reasonFor(line)
    if (why !== undefined) this.#left.add(line.file, why, line.line)
  }

  #record(): void {
    const draft = this.#open
    this.#open = undefined
    if (!draft || draft.disabled || draft.label === '') return
    const { label, type, what, append, initrd, sysappend, isDefault, hidden, goto, at } = draft
    if (goto !== undefined) return void this.#menu.choices.push({ goto })
    const words = append ?? this.#append
    const { file, line } = at
    const entry: RawEntry = { label, type, what, append: words === '-' ? '' : words, initrd, sysappend, hidden, file, line }
    const known = entryOf(entry)
    this.#entries.push({ raw: entry, entry: known, menu: this.#menu })
    this.#menu.choices.push(known)
    if (isDefault) this.#menu.default = known
  }

  /** A draft as it is for others, once. */
  #finish(draft: MenuDraft, depth: number): OldMenu {
    const known = this.#done.get(draft)
    if (known) return known
    const choices: OldChoice[] = []
    const menu: { -readonly [K in keyof OldMenu]: OldMenu[K] } = {
      tag: draft.tag,
      choices,
      timeout: Math.ceil(draft.timeout / 10),
      ...(draft.title !== undefined && { title: draft.title }),
    }
    this.#done.set(draft, menu)
    if (depth >= deepest * 4) return menu
    for (const each of draft.choices) {
      const target = 'goto' in each ? this.#menus.find(({ tag }) => tag === each.goto) : each
      if (target === undefined) continue
      choices.push('choices' in target ? { menu: this.#finish(target, depth + 1) } : target)
    }
    const first = choices.find((choice) => 'menu' in choice || !choice.hidden)
    const late = draft.ontimeout ? this.#command(draft.ontimeout) : (draft.default ?? first)
    if (draft.timeout > 0 && late) menu.unattended = late
    return menu
  }

  #labelled(first: string): Labelled | undefined {
    return this.#entries.find(({ entry }) => entry.label === first)
  }

  /** A label, with more words or not; or a kernel with its words. */
  #command(setting: Line): MenuEntry | undefined {
    const [first, ...more] = wordsOf(setting.value)
    if (first === undefined) return undefined
    const known = this.#labelled(first) ?? this.#labelled(setting.value.trim())
    if (known?.raw.label === setting.value.trim()) return known.entry
    if (known) return entryOf({ ...known.raw, append: [known.raw.append, ...more].join(' ') })
    const { file, line } = setting
    const append = [this.#append === '-' ? '' : this.#append, ...more].join(' ').trim()
    const rest = { initrd: undefined, sysappend: this.#sysappend, hidden: true, file, line }
    return entryOf({ label: first, type: 'kernel', what: first, append, ...rest })
  }

  #number(keyword: string): number {
    return numberOf(this.#settings.get(keyword)?.value ?? '')
  }
}

/** Whether the line was for the entry. */
function ofEntry(entry: EntryDraft, { keyword, value }: Line): boolean {
  if (types.has(keyword)) Object.assign(entry, { type: keyword, what: value })
  else if (keyword === 'initrd') entry.initrd = value
  else if (keyword === 'menu default') entry.isDefault = true
  else if (keyword === 'menu hide') entry.hidden = true
  else if (keyword === 'menu goto') entry.goto = value
  else if (/^menu (?:disabled?|exit|quit)$/.test(keyword)) entry.disabled = true
  else return false
  return true
}

/** Whether the line was for the menu that is open. */
function ofMenu(menu: MenuDraft, line: Line): boolean {
  const { keyword, value } = line
  if (keyword === 'menu title') menu.title = value
  else if (keyword === 'timeout') menu.timeout = numberOf(value)
  else if (keyword === 'ontimeout') menu.ontimeout = line
  else return false
  return true
}

function filesOf(program: Line): readonly string[] {
  return wordsOf(program.value)
    .slice(1)
    .filter((word) => word !== '~')
}

function numberOf(text: string): number {
  const value = Number.parseInt(text, 10)
  return Number.isInteger(value) && value > 0 ? Math.min(value, 1_000_000) : 0
}

function entryOf(raw: RawEntry): MenuEntry {
  const { label, hidden, file, line } = raw
  return { label, boot: bootOf(raw), hidden, file, line }
}
