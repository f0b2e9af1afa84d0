import type { Line } from './lines.ts'

/** Why a setting of a menu is not taken; undefined for what has no meaning here, looks above all. */
export function reasonFor({ keyword }: Line): string | undefined {
  if (looks.has(keyword) || /^(?:menu|f(?:\d|1\d|2[0-4]))(?: |$)/.test(keyword)) return reasons[keyword]
  return reasons[keyword] ?? `${keyword.slice(0, 40).toUpperCase()}: nothing here does the same`
}

const password = 'MENU PASSWD: a password guards what wipes here: password: of a menu profile'
const reasons: Readonly<Record<string, string>> = {
  'menu passwd': password,
  'menu master': password,
  'menu onerror': 'MENU ONERROR: a machine whose boot fails boots its disk here',
  onerror: 'ONERROR: a machine whose boot fails boots its disk here',
  serial: 'SERIAL: a serial console of the menu belongs into pxelinux/_head.cfg.hbs of the site (docs/menus.md)',
  totaltimeout: 'TOTALTIMEOUT: a menu has one time here, which ends when a key is pressed',
  fdt: 'FDT: a device tree is not handed on',
  fdtdir: 'FDTDIR: a device tree is not handed on',
  devicetree: 'DEVICETREE: a device tree is not handed on',
  devicetreedir: 'DEVICETREEDIR: a device tree is not handed on',
}

/** How menus look and are operated, and what was handled before. */
const looks: ReadonlySet<string> = new Set(
  'ui default prompt display say font kbdmap console noescape nocomplete implicit allowoptions autoboot background endtext nohalt'.split(
    ' ',
  ),
)
