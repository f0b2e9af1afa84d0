/** An entry as it stands in a menu. */
export interface OldEntry {
  /** The whole line behind LABEL. */
  readonly label: string
  /** `kernel`, `linux`, `com32`, `localboot` …: which directive named what is booted. */
  readonly type: string
  readonly what: string
  readonly append: string
  readonly initrd: string | undefined
  /** The bits of SYSAPPEND. */
  readonly sysappend: number
  /** Not shown: only a command can name it. */
  readonly hidden: boolean
  readonly file: string
  readonly line: number
}

/** What can be chosen: an entry, or a menu in the menu (`MENU BEGIN`, `MENU GOTO`). */
export type OldChoice = OldEntry | { readonly menu: OldMenu }

/** One menu: title, time and default are of itself alone (com32/menu/readconfig.c of SYSLINUX). */
export interface OldMenu {
  /** What MENU GOTO calls it. */
  readonly tag: string
  readonly title?: string
  readonly choices: readonly OldChoice[]
  /** What follows when nobody chooses; undefined when it waits for ever. */
  readonly unattended?: OldChoice
  /** Seconds; 0: at once, or never. */
  readonly timeout: number
}

/** What a file says when all of it is read. */
export interface OldConfig {
  readonly menu: OldMenu
  /** A menu, or the prompt: somebody may choose. */
  readonly asks: boolean
  /** A program shows it as a menu. */
  readonly shown: boolean
  /** Files that menu.c32 reads instead of this one. */
  readonly elsewhere: readonly string[]
}

/** Menus that read menus. */
export const menuPrograms = /^(?:.*\/)?(?:vesa)?menu(?:\.c32)?$/i

export function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

/** All entries of a menu and of the menus in it. */
export function entriesOf({ choices }: OldMenu): readonly OldEntry[] {
  const found: OldEntry[] = []
  const seen = new Set<OldMenu>()
  const walk = (each: readonly OldChoice[]): void => {
    for (const choice of each)
      if (!('menu' in choice)) found.push(choice)
      else if (!seen.has(choice.menu)) {
        seen.add(choice.menu)
        walk(choice.menu.choices)
      }
  }
  walk(choices)
  return found
}
