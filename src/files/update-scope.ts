import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isGlob } from '../config/glob.ts'
import { Fault } from '../fault.ts'
import { judgeBy } from '../image/rules.ts'
import type { House } from './house.ts'
import { readSiteFile } from './site-file.ts'

/** What the imager or the machine itself has written or mounted: it is never the image's affair. */
export const identity = [
  '/dev',
  '/proc',
  '/run',
  '/sys',
  'etc/hostname',
  'etc/hosts',
  'etc/fstab',
  'etc/crypttab',
  'etc/mdadm*',
  'etc/machine-id',
  'etc/adjtime',
  'etc/mtab',
  'etc/resolv.conf',
  'etc/birnam',
  'etc/kernel/cmdline',
  'etc/initramfs-tools/conf.d/resume',
  'etc/netplan/90-birnam.yaml',
  'etc/NetworkManager/system-connections/birnam.nmconnection',
  'etc/systemd/network/10-birnam.network',
  'etc/network/interfaces',
  'etc/network/interfaces.d/birnam',
  'etc/systemd/system/birnam-booted.service',
  'etc/systemd/system/multi-user.target.wants/birnam-booted.service',
  'var/lib/birnam',
  '/.birnam-update',
  'boot/efi',
  '/efi',
  'boot/grub/grub.cfg',
  'boot/grub/grubenv',
  'boot/grub/*-pc',
  'boot/grub/*-efi',
  'boot/grub/fonts',
  'boot/grub/locale',
  'boot/grub/unicode.pf2',
  'boot/grub/device.map',
  'boot/grub2/grub.cfg',
  'boot/grub2/grubenv',
  'boot/grub2/*-pc',
  'boot/grub2/*-efi',
  'boot/grub2/fonts',
] as const

const siteList = 'update-exclude'

/**
 * Which paths (latin1) of a machine are the image's affair: none that a capture would leave out, none that is the machine's own, and
 * none that the site's `update-exclude` or the caller takes out.
 */
export function scopeOf(house: House, excluded: readonly string[]): (path: string, isDirectory: boolean) => boolean {
  const judge = judgeBy({ exclude: [...identity, ...siteExcludes(house), ...excluded] })
  return (path, isDirectory) => judge(path, isDirectory) === 'keep'
}

/** Only what somebody has taken out by hand: the site's own overrides may well be of the machine's own files. */
export function excludedBy(house: House, excluded: readonly string[]): (path: string, isDirectory: boolean) => boolean {
  const judge = judgeBy({ exclude: [...siteExcludes(house), ...excluded] })
  return (path, isDirectory) => {
    const verdict = judge(path, isDirectory)
    return typeof verdict === 'object' && verdict.rule === '--exclude'
  }
}

/** One pattern a line; `#` begins a comment. */
export function readExcludes(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

/** What a machine may leave out: each path of the image is held against each of its patterns. */
const longestList = 256 << 10
const mostExcludes = 1000
const mostPatterns = 50
const longestPath = 4096
const longestPattern = 256

/** The excludes that a machine names: as `readExcludes`, and no more of them than can be looked at. Throws `request-invalid`. */
export function readAskedExcludes(text: string): readonly string[] {
  if (text.length > longestList) throw tooMuch(`the excludes have more than ${longestList} characters`)
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1))
    if (++lines > 2 * mostExcludes) throw tooMuch(`the excludes have more than ${2 * mostExcludes} lines`)
  const all = readExcludes(text)
  const patterns = all.filter(isGlob)
  if (all.length > mostExcludes) throw tooMuch(`${all.length} paths are excluded, and ${mostExcludes} may be`)
  if (patterns.length > mostPatterns)
    throw tooMuch(`${patterns.length} excludes have a star or a question mark, and ${mostPatterns} may have one`)
  if (patterns.some(({ length }) => length > longestPattern))
    throw tooMuch(`an exclude with a star or a question mark has more than ${longestPattern} characters`)
  if (all.some(({ length }) => length > longestPath))
    throw tooMuch(`an exclude has more than ${longestPath} characters`)
  return all
}

function tooMuch(why: string): Fault {
  return new Fault('request-invalid', why, {
    field: 'exclude',
    hint: 'exclude whole directories, or write the list into update-exclude of the site',
  })
}

function siteExcludes(house: House): readonly string[] {
  const there = existsSync(join(house.registry.site.directory, siteList))
  return there ? readExcludes(readSiteFile(house, siteList)) : []
}
