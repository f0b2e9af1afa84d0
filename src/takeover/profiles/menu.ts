import type { OldBoot } from './boot.ts'

/** An entry of a menu, and what it boots. */
export interface MenuEntry {
  /** What the old menu called it. */
  readonly label: string
  readonly boot: OldBoot
  /** Not shown: only a command can name it. */
  readonly hidden: boolean
  readonly file: string
  readonly line: number
}

/** What can be chosen: an entry, or a menu in the menu (`MENU BEGIN`, `MENU GOTO`). */
export type OldChoice = MenuEntry | { readonly menu: OldMenu }

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

/** All entries of a menu and of the menus in it. */
export function entriesOf({ choices }: OldMenu): readonly MenuEntry[] {
  const found: MenuEntry[] = []
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
