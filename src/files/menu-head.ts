import { Fault } from '../fault.ts'
import type { Menu } from '../menu/menu.ts'
import type { MenuName } from '../menu/menu-name.ts'
import { contextOf, type Audience } from './context.ts'
import type { House } from './house.ts'

const parts: Readonly<Record<MenuName['loader'], string>> = {
  pxelinux: 'pxelinux/_head.cfg.hbs',
  ipxe: 'templates/menu/_head.ipxe.hbs',
  grub: 'templates/menu/_head.grub.hbs',
}

/** The menu with what the site wants above it for this loader. Throws what templates throw, and `template-invalid`. */
export function withHead(house: House, loader: MenuName['loader'], menu: Menu, audience: Audience): Menu {
  const file = parts[loader]
  // As shipped: most menus go out without a second look at all variables.
  if (house.templates.isBlank(file)) return menu
  const text = house.templates.render(file, contextOf(house, audience), audience.machine?.name ?? 'a stranger')
  const head = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const odd = head.findIndex((line) => /[^\P{Cc}\t]/u.test(line))
  if (odd >= 0)
    throw new Fault('template-invalid', 'it writes a control character into a menu', { file, hint: 'take it out' })
  return head.length === 0 ? menu : { ...menu, head }
}
