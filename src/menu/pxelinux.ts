import { isUrl, type Boot, type Entry, type Menu } from './menu.ts'
import { onlyIpxe, pxelinuxProgram } from './program.ts'
import { checkLength, checkMenu, commentLines, hidden, unsafe } from './sound.ts'

export interface PxelinuxOptions {
  /** Gives a short URL for a URL that holds `=`: pypxeboot dies of a second `=` in a word. */
  readonly shorten?: (value: string) => string
  /** Only PXELINUX itself can ask for this menu, so words are written that pypxeboot dies of. */
  readonly metal?: boolean
}

/**
 * The menu for PXELINUX 3.x to 6.x and for pypxeboot 0.0.3 alike. Kernel names stay relative: to the boot session for
 * PXELINUX, to the root for pypxeboot. Throws a Fault (`menu-unsafe`) for what one of them could not read.
 */
export function writePxelinux(menu: Menu, options: PxelinuxOptions = {}): string {
  checkMenu(menu)
  // pypxeboot skips or dies of what it does not know.
  const head = options.metal ? (menu.head ?? []) : []
  const lines = [...commentLines(menu), ...head, `DEFAULT ${menu.default}`, ...waiting(menu), ...onError(menu)]
  for (const entry of menu.entries) lines.push('', ...entryLines(entry, options))
  return `${lines.join('\n')}\n`
}

function waiting({ timeout, entries, title }: Menu): readonly string[] {
  if (timeout === 0) return ['PROMPT 0']
  const heading = title === undefined ? [] : [`SAY ${title}`]
  const choices = entries.map((entry) => `SAY ${entry.label}: ${entry.title}`)
  return ['PROMPT 1', `TIMEOUT ${timeout * 10}`, ...heading, ...choices]
}

/** A kernel that cannot be had boots the disk, as if the server were down; without this PXELINUX waits at its prompt. */
function onError(menu: Menu): readonly string[] {
  const local = menu.entries.find(({ boot }) => boot.kind === 'local')
  return local && local.label !== menu.default ? [`ONERROR ${local.label}`] : []
}

function entryLines({ label, title, boot }: Entry, options: PxelinuxOptions): readonly string[] {
  const head = [`LABEL ${label}`, `  MENU LABEL ${title.trim() || label}`]
  if (boot.kind === 'local') return [...head, ...diskLines(boot, options)]
  if (boot.kind === 'menu') return [...head, `  CONFIG choose/${boot.entry}/pxelinux.cfg`]
  if (boot.kind !== 'kernel' || isUrl(boot.kernel)) return onlyIpxe('PXELINUX', label)
  if (boot.program) return [...head, ...pxelinuxProgram(boot.program, label, options.metal === true)]
  const append = appendWords(boot, options).join(' ')
  checkLength(`BOOT_IMAGE=${boot.kernel} ${append}`, label)
  return [...head, ...kernelLines(boot.kernel), `  APPEND ${append}`]
}

/**
 * 0 hands the machine back to its BIOS, which goes on to the next device; -1 tells the BIOS that this device failed, which some want to hear.
 * pypxeboot needs some value and runs pygrub; it dies of COM32.
 */
function diskLines({ way }: Extract<Boot, { kind: 'local' }>, { metal }: PxelinuxOptions): readonly string[] {
  if (way === 'chain' && metal) return ['  COM32 chain.c32', '  APPEND hd0']
  return [way === 'exit' ? '  LOCALBOOT -1' : '  LOCALBOOT 0']
}

/**
 * KERNEL guesses from the name: `vmlinuz-6.1.0` would be run as a boot loader (".0"). LINUX does not, comes after it and wins;
 * pypxeboot only knows KERNEL.
 */
function kernelLines(kernel: string): readonly string[] {
  const guessed = /\.(?:c32|img|bss|bin|bs|0)$/i.test(kernel)
  return guessed ? [`  KERNEL ${kernel}`, `  LINUX ${kernel}`] : [`  KERNEL ${kernel}`]
}

/** PXELINUX loads the first `initrd=` it finds in the line, so ours comes first; never an INITRD line, pypxeboot skips it. */
function appendWords(
  { kernel, initrd, args }: Extract<Boot, { kind: 'kernel' }>,
  options: PxelinuxOptions,
): readonly string[] {
  const clash = initrd.find((name) => baseName(name) === baseName(kernel))
  if (clash !== undefined) {
    throw unsafe(
      `kernel ${kernel} and initrd ${clash} have the same last name`,
      'pypxeboot saves both under it; rename one of them',
    )
  }
  const words = args.map((word) => singleEquals(word, initrd.length > 0, options))
  const first = initrd.length > 0 ? [`initrd=${initrd.join(',')}`] : []
  // With nothing but initrd= in the line pypxeboot prints an unbalanced quote.
  return [...first, ...guardBareWords(words.length === 0 ? [pad] : words)]
}

function singleEquals(word: string, hasInitrd: boolean, { shorten, metal }: PxelinuxOptions): string {
  if (word.startsWith('kernel='))
    throw unsafe('pypxeboot drops the kernel argument "kernel=…"', 'put its value into the answer file instead')
  if (!hasInitrd && word.includes('initrd='))
    throw unsafe(`PXELINUX reads ${hidden(word)} as an initrd`, 'name the initrd under initrd:')
  const [, key = '', value = ''] = /^([^=]*)=(.*)$/s.exec(word) ?? []
  if (!value.includes('=')) return word
  if (!shorten || !/^https?:\/\//.test(value)) {
    if (metal) return word
    throw manyEquals(word)
  }
  const short = `${key}=${shorten(value)}`
  if (!/^[!-~]+$/.test(short) || short.indexOf('=') !== short.lastIndexOf('=')) throw manyEquals(word)
  return short
}

function manyEquals(word: string): Error {
  return unsafe(
    `the kernel argument ${hidden(word)} holds a second =, of which pypxeboot dies`,
    'only http URLs can be shortened: a Xen guest cannot boot this by pypxeboot, a machine that asks under its boot session can',
  )
}

/**
 * In pypxeboot a bare word erases the value of the word before it and is lost. So each run of bare words gets a word before
 * it that nobody misses: a name with a dot that no module has, which kernels skip in silence. For some words there is
 * better: `ro=1 ro` comes out of pypxeboot as `ro`, and metal takes no notice of the first.
 */
function guardBareWords(words: readonly string[]): readonly string[] {
  const guarded: string[] = []
  let last = ''
  for (const word of words) {
    if (word.includes('=')) last = keyOf(word)
    else if (doubled.has(word)) guarded.push(`${(last = word)}=1`)
    else if (last !== keyOf(pad)) guarded.push((last = keyOf(pad)) && pad)
    guarded.push(word)
  }
  return guarded
}

/** The word that stands before a bare word to be erased in its place. */
export const pad = 'pxe.pad=1'

/** Bare words that mean the same with `=1` before them: to the kernel, to dracut and to initramfs-tools. */
export const doubled: ReadonlySet<string> = new Set(['quiet', 'ro', 'rw', 'splash', 'nomodeset'])

function keyOf(word: string): string {
  return word.split('=', 1)[0]!
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}
