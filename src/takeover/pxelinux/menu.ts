import type { Line } from './lines.ts'
import type { LeftList } from '../told.ts'

/** An entry as it stands in a menu. */
export interface OldEntry {
  readonly label: string
  /** `kernel`, `linux`, `com32`, `localboot` …: which directive named what is booted. */
  readonly type: string
  readonly what: string
  readonly append: string
  readonly initrd: string | undefined
  /** The bits of SYSAPPEND. */
  readonly sysappend: number
  readonly file: string
  readonly line: number
}

/** What a file says when all of it is read. */
export interface OldMenu {
  readonly title?: string
  readonly entries: readonly OldEntry[]
  /** A menu, or the prompt: somebody may choose. */
  readonly asks: boolean
  /** Files that menu.c32 reads instead of this one. */
  readonly elsewhere: readonly string[]
  /** What follows when nobody chooses; undefined when it waits for ever. */
  readonly unattended?: OldEntry
  /** Seconds; 0: at once. */
  readonly timeout: number
}

const types = new Set(['kernel', 'linux', 'boot', 'bss', 'pxe', 'fdimage', 'comboot', 'com32', 'config', 'localboot'])

/** Menus that read menus. */
export const menuPrograms = /^(?:.*\/)?(?:vesa)?menu(?:\.c32)?$/i

/** Puts the lines of a menu together. What nothing here does the same is told. */
export function readMenu(lines: readonly Line[], left: LeftList): OldMenu {
  const builder = new Builder(left)
  for (const line of lines) builder.add(line)
  return builder.menu()
}

interface Draft {
  label: string
  type: string
  what: string
  append?: string
  initrd?: string
  sysappend: number
  isDefault: boolean
  disabled: boolean
  readonly at: Line
}

class Builder {
  readonly #left: LeftList
  readonly #entries: (OldEntry & { readonly isDefault: boolean })[] = []
  readonly #settings = new Map<string, Line>()
  #open: Draft | undefined
  #append = ''
  #sysappend = 0

  constructor(left: LeftList) {
    this.#left = left
  }

  add(line: Line): void {
    const { keyword, value } = line
    const entry = this.#open
    if (keyword === 'label') return this.#label(line)
    if (keyword === 'menu separator' || keyword === 'menu begin' || keyword === 'menu end') return this.#record()
    if (keyword === 'append') {
      if (entry) entry.append = value
      else this.#append = value
    } else if (keyword === 'ipappend' || keyword === 'sysappend') {
      const bits = Number(value)
      if (entry) entry.sysappend = Number.isInteger(bits) ? bits : 0
      else this.#sysappend = Number.isInteger(bits) ? bits : 0
    } else if (entry && types.has(keyword)) Object.assign(entry, { type: keyword, what: value })
    else if (entry && keyword === 'initrd') entry.initrd = value
    else if (entry && keyword === 'menu default') entry.isDefault = true
    else if (entry && /^menu (?:disabled?|goto|exit|quit)$/.test(keyword)) entry.disabled = true
    else if (/^menu (?:master|passwd)$/.test(keyword))
      this.#left.add(
        line.file,
        'MENU PASSWD: a password guards what wipes here: password: of a menu profile',
        line.line,
      )
    else this.#settings.set(keyword, line)
  }

  menu(): OldMenu {
    this.#record()
    const title = this.#settings.get('menu title')?.value
    const ui = this.#settings.get('ui')
    const fallback = this.#settings.get('default')
    const program = ui ?? (fallback && menuPrograms.test(wordsOf(fallback.value)[0] ?? '') ? fallback : undefined)
    const prompts = this.#number('prompt') > 0
    const tenths = this.#number('timeout')
    const asks = program !== undefined || prompts || fallback === undefined
    const chosen = this.#chosen(ui === undefined && program !== undefined ? undefined : fallback, program !== undefined)
    const late = this.#command(this.#settings.get('ontimeout')) ?? chosen
    const unattended = !asks ? chosen : tenths > 0 ? late : undefined
    return {
      ...(title !== undefined && { title }),
      entries: this.#entries,
      asks,
      elsewhere: program
        ? wordsOf(program.value)
            .slice(1)
            .filter((word) => word !== '~')
        : [],
      ...(unattended && { unattended }),
      timeout: asks ? Math.ceil(tenths / 10) : 0,
    }
  }

  #label(line: Line): void {
    this.#record()
    const label = wordsOf(line.value)[0] ?? ''
    // Without a KERNEL the label itself is what is booted.
    const draft = { label, type: 'kernel', what: label, sysappend: this.#sysappend, isDefault: false, disabled: false }
    this.#open = { ...draft, at: line }
  }

  #record(): void {
    const draft = this.#open
    this.#open = undefined
    if (!draft || draft.disabled || draft.label === '') return
    const { label, type, what, append, initrd, sysappend, isDefault, at } = draft
    const words = append ?? this.#append
    this.#entries.push({
      label,
      type,
      what,
      append: words === '-' ? '' : words,
      initrd,
      sysappend,
      isDefault,
      file: at.file,
      line: at.line,
    })
  }

  /** What the menu stands on, or what is booted where there is none. */
  #chosen(fallback: Line | undefined, hasMenu: boolean): OldEntry | undefined {
    const named = this.#command(fallback)
    if (named) return named
    return hasMenu ? (this.#entries.find(({ isDefault }) => isDefault) ?? this.#entries[0]) : undefined
  }

  /** A label, with more words or not; or a kernel with its words. */
  #command(setting: Line | undefined): OldEntry | undefined {
    const [first, ...more] = wordsOf(setting?.value ?? '')
    if (setting === undefined || first === undefined) return undefined
    const entry = this.#entries.find(({ label }) => label === first)
    if (entry) return more.length === 0 ? entry : { ...entry, append: [entry.append, ...more].join(' ') }
    const { file, line } = setting
    const append = [this.#append === '-' ? '' : this.#append, ...more].join(' ').trim()
    return {
      label: first,
      type: 'kernel',
      what: first,
      append,
      initrd: undefined,
      sysappend: this.#sysappend,
      file,
      line,
    }
  }

  #number(keyword: string): number {
    const value = Number.parseInt(this.#settings.get(keyword)?.value ?? '', 10)
    return Number.isInteger(value) && value > 0 ? Math.min(value, 1_000_000) : 0
  }
}

export function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}
