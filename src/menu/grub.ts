import { isUrl, type Boot, type Entry, type Menu } from './menu.ts'
import { diskBoot, indented } from './grub-disk.ts'
import { onlyIpxe } from './program.ts'
import { checkLength, checkMenu, commentLines, quoted, unsafe } from './sound.ts'

/**
 * The menu as a grub.cfg, for UEFI and BIOS alike. `base` is the path of this boot on the device GRUB came from: `/s/<id>/`.
 * Values stand in single quotes, in which GRUB reads nothing. Throws a Fault (`menu-unsafe`).
 */
export function writeGrub(menu: Menu, base: string): string {
  checkMenu(menu)
  if (!/^\/(?:[A-Za-z0-9._~-]+\/)*$/.test(base))
    throw unsafe(`not the path of a boot: ${quoted(base)}`, 'begin and end it with /')
  const lines = [...commentLines(menu), ...(menu.head ?? []), ...settings(menu)]
  for (const entry of menu.entries) lines.push('', ...entryLines(entry, base))
  return `${lines.join('\n')}\n`
}

/** By number: a label that begins with digits would be read as one. What cannot be loaded falls back to the disk. */
function settings({ timeout, entries, default: first }: Menu): readonly string[] {
  const at = entries.findIndex(({ label }) => label === first)
  const disk = entries.findIndex(({ boot }) => boot.kind === 'local')
  const fallback = disk >= 0 && disk !== at ? [`set fallback=${disk}`] : []
  return [`set default=${at}`, `set timeout=${timeout}`, ...fallback]
}

function entryLines({ label, title, boot }: Entry, base: string): readonly string[] {
  const body = bodyOf(boot, label, base)
  // An option to GRUB is what begins with a dash.
  const shown = title.startsWith('-') ? ` ${title}` : title
  return [`menuentry ${single(shown || label)} --id ${single(label)} {`, ...indented(body), '}']
}

function bodyOf(boot: Boot, label: string, base: string): readonly string[] {
  if (boot.kind === 'local') return boot.way === 'exit' ? ['exit'] : diskBoot
  if (boot.kind === 'menu') return [`configfile ${single(`${base}choose/${boot.entry}/grub.cfg`)}`]
  return boot.kind === 'kernel' ? kernelLines(boot, label, base) : onlyIpxe('GRUB', label)
}

/** linux and initrd: GRUB 2.12 has no linuxefi any more, and Debian's 2.06 does the same under both names. */
function kernelLines(
  { kernel, initrd, args, program }: Extract<Boot, { kind: 'kernel' }>,
  label: string,
  base: string,
): readonly string[] {
  if (program || isUrl(kernel)) return onlyIpxe('GRUB', label)
  checkLength(`BOOT_IMAGE=${base}${kernel} ${args.join(' ')}`, label)
  const load = ['linux', single(`${base}${kernel}`), ...args.map(single)].join(' ')
  if (initrd.length === 0) return [load]
  return [load, ['initrd', ...initrd.map((name) => single(`${base}${name}`))].join(' ')]
}

function single(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/**
 * `/grub/grub.cfg`, the same for everybody: Debian's signed GRUB asks for nothing else. It takes the boot session out of the
 * file name that DHCP gave and goes on to the session's own grub.cfg; without a session, to the menu for the MAC; else to the disk.
 */
export function grubBootstrap(): string {
  return `${[...bootstrap, ...diskBoot].join('\n')}\n`
}

/**
 * The file name of the card that was booted from is in its variable; of the fifth card and others, and of those with other
 * names, in the lease. No `[ -f … ]`: it is always false on (tftp).
 */
const bootstrap: readonly string[] = [
  '# Birnam: from the name of the boot file to the menu of this boot',
  'set file="$net_efinet0_boot_file$net_efinet1_boot_file$net_efinet2_boot_file$net_efinet3_boot_file"',
  'if [ -z "$file" ]; then',
  '  net_get_dhcp_option file "$net_default_interface" 67 string',
  'fi',
  String.raw`if regexp --set=2:session '(^|/)(s/[0-9a-z-]+/)' "$file"; then`,
  '  configfile "/${session}grub.cfg"',
  'fi',
  String.raw`if regexp --set=1:a --set=2:b --set=3:c --set=4:d --set=5:e --set=6:f '^(..):(..):(..):(..):(..):(..)' "$net_default_mac"; then`,
  '  configfile "/grub/grub.cfg-01-$a-$b-$c-$d-$e-$f"',
  'fi',
]
