import { absolute, type Boot, type Entry, type Menu } from './menu.ts'
import { ipxeProgram } from './program.ts'
import { checkLength, checkMenu, commentLines, hidden, quoted, unsafe } from './sound.ts'

/**
 * The menu as an iPXE script, for BIOS and UEFI alike. `base` is the URL prefix of this boot: `http://10.77.0.1/s/<id>/`.
 * iPXE has no quoting, so what it would read as syntax is refused with a Fault (`menu-unsafe`).
 */
export function writeIpxe(menu: Menu, base: string): string {
  checkMenu(menu)
  if (!/^https?:\/\/[A-Za-z0-9.:[\]-]+\/(?:[A-Za-z0-9._~-]+\/)*$/.test(base))
    throw unsafe(`not the URL of a boot: ${quoted(base)}`, 'end it with /')
  const lines = ['#!ipxe', ...commentLines(menu), ...(menu.head ?? []), ...choice(menu)]
  for (const entry of menu.entries) lines.push('', `:${entry.label}`, ...entryLines(entry, menu, base))
  return `${[...lines, '', ...failed].join('\n')}\n`
}

function choice({ timeout, entries, default: first, title }: Menu): readonly string[] {
  if (timeout === 0) return [`goto ${first}`]
  // Digits reach a console that knows no arrow keys.
  const items = entries.map(({ label, title: text }, n) => {
    const shown = titleText(text, label)
    return n < 9 ? `item --key ${n + 1} ${label} ${n + 1}) ${shown}` : `item ${label} ${shown}`
  })
  return [
    `:${again}`,
    // What was typed for an entry before is nobody else's.
    'clear username ||',
    'clear password ||',
    `menu ${title === undefined ? 'Birnam' : titleText(title, 'Birnam')}`,
    ...items,
    `choose --default ${first} --timeout ${timeout * 1000} chosen || goto ${first}`,
    'goto ${chosen}',
  ]
}

function entryLines({ label, boot }: Entry, menu: Menu, base: string): readonly string[] {
  switch (boot.kind) {
    case 'local':
      return diskLines(boot, label === menu.default, base)
    case 'menu':
      return chainLines(boot, base)
    case 'again':
      return ['sleep 1', `chain --replace ${base}boot.ipxe || goto ${failure}`]
    case 'script':
      // Where its lines end, the entries of this menu would follow.
      return [...boot.lines, 'exit']
    case 'kernel':
      return kernelLines(boot, label, base)
  }
}

/** What is typed goes to this server alone, in the clear as everything that iPXE says; a prompt that is left goes back to the menu. */
function chainLines({ entry, login, facts }: Extract<Boot, { kind: 'menu' }>, base: string): readonly string[] {
  const asks = login ? [`login || goto ${again}`] : []
  const query = [...(login ? typed : []), ...(facts ? board : [])]
  const url = `${base}choose/${entry}/boot.ipxe${query.length === 0 ? '' : `?${query.join('&')}`}`
  return [...asks, `chain --replace ${url} || goto ${failure}`]
}

const typed = ['user=${username:uristring}', 'password=${password:uristring}']
/** The UUID is no text, and its encoding would end at the first byte that is zero. */
const board = [
  'uuid=${uuid}',
  ...['serial', 'manufacturer', 'product', 'asset'].map((name) => `${name}=\${${name}:uristring}`),
]

/** UEFI kernels find an initrd only by an `initrd=` with the name of its image; BIOS kernels take no notice of it. */
function kernelLines(
  { kernel, initrd, args, program }: Extract<Boot, { kind: 'kernel' }>,
  label: string,
  base: string,
): readonly string[] {
  if (program) return ipxeProgram(program, base, failure)
  for (const word of args) checkIpxeWord(word)
  const named = initrd.map((name, at) => ({ name, image: `initrd${at}` }))
  const words = [...named.map(({ image }) => `initrd=${image}`), ...args]
  checkLength(`${kernel} ${words.join(' ')}`, label)
  const fetches = named.map(({ name, image }) => `initrd --name ${image} ${absolute(name, base)} || goto ${failure}`)
  const load = [`kernel ${absolute(kernel, base)}`, ...words, '||', 'goto', failure].join(' ')
  // Images of an attempt that failed would be taken for initrds of this one.
  return ['imgfree', load, ...fetches, ...shims(base), `boot || goto ${failure}`]
}

/**
 * Under Secure Boot a distribution's kernel is started by way of its shim; iPXE fetches it only where it is needed, and one before 2024
 * has no such command.
 */
function shims(base: string): readonly string[] {
  const of = (arch: string, name: string): string =>
    `iseq \${platform} efi && iseq \${buildarch} ${arch} && shim ${base}${name} ||`
  return [of('x86_64', 'shimx64.efi'), of('arm64', 'shimaa64.efi')]
}

function checkIpxeWord(word: string): void {
  if (!isSyntax(word)) return
  throw unsafe(
    `iPXE would not pass on the kernel argument ${hidden(word)}`,
    'it reads #, ||, &&, ; and ${ as its own; put the value into the answer file',
  )
}

/** A token that is a separator, opens a comment or is expanded: iPXE core/exec.c splits first and expands each token then. */
function isSyntax(token: string): boolean {
  return token.startsWith('#') || token === '||' || token === '&&' || token === ';' || token.includes('${')
}

function titleText(title: string, label: string): string {
  const tokens = title.split(/\s+/).filter((token) => token !== '')
  if (tokens.some(isSyntax) || tokens.at(-1)?.endsWith('\\'))
    throw unsafe(`iPXE cannot show the title ${quoted(title)}`, 'leave #, ||, &&, ; and ${ out of it')
  return tokens.length === 0 ? label : tokens.join(' ')
}

// Entry labels hold no ~.
const failure = '~failed'
const again = '~menu'

/**
 * BIOS: the first disk. UEFI: iPXE cannot read disks there, so GRUB does it, whose menu of this session boots the disk too; only
 * when that is its default, because GRUB would boot its own default at once. Else back to the firmware: with an error, because
 * EDK2 opens its setup screen after a boot option that ended well and goes on to the next one after an error.
 */
function diskLines({ way }: Extract<Boot, { kind: 'local' }>, isDefault: boolean, base: string): readonly string[] {
  if (way === 'exit') return ['exit 1']
  if (way === 'sanboot') return [sanboot]
  const chain = (arch: string, name: string): string =>
    `iseq \${platform} efi && iseq \${buildarch} ${arch} && chain ${base}${name} ||`
  const grub = isDefault ? [chain('x86_64', 'grubx64.efi'), chain('arm64', 'grubaa64.efi')] : []
  return [...grub, 'iseq ${platform} efi && exit 1 ||', sanboot]
}

const sanboot = 'sanboot --no-describe --drive 0x80 || exit 1'

const failed: readonly string[] = [
  `:${failure}`,
  'echo Birnam: this boot failed, the next boot device follows in 10 seconds',
  'sleep 10',
  'exit 1',
]

/**
 * `autoexec.ipxe`: what an iPXE without a script of its own runs first, as the signed ones are. It has no address yet. `menu` is the URL
 * of what it goes on to; iPXE may put its MAC address into it.
 */
export function ipxeBootstrap(menu: string): string {
  return `#!ipxe\n# Birnam: from the loader to the menu of this boot\ndhcp || exit 1\nchain ${menu} || exit 1\n`
}
