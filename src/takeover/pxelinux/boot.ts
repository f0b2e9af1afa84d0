import { basename } from 'node:path'
import type { OldBoot } from '../profiles/boot.ts'

/** An entry as PXELINUX reads it. */
export interface RawEntry {
  /** The whole line behind LABEL. */
  readonly label: string
  /** `kernel`, `linux`, `com32`, `localboot` …: which directive named what is booted. */
  readonly type: string
  readonly what: string
  readonly append: string
  readonly initrd: string | undefined
  /** The bits of SYSAPPEND. */
  readonly sysappend: number
  readonly hidden: boolean
  readonly file: string
  readonly line: number
}

/** Menus that read menus. */
export const menuPrograms = /^(?:.*\/)?(?:vesa)?menu(?:\.c32)?$/i

export function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

/** Reads what an entry boots, by its directive and, for KERNEL, by the end of the name as PXELINUX does. */
export function bootOf(entry: RawEntry): OldBoot {
  const [what = '', ...more] = wordsOf(entry.what)
  const words = [...more, ...wordsOf(entry.append)]
  if (entry.type === 'localboot') return { do: 'local' }
  if (entry.type === 'config') return { do: 'menu', files: [what], shown: false }
  if (entry.type === 'linux') return noKernel(basename(what).toLowerCase()) ?? linux(what, words, entry)
  if (entry.type !== 'kernel' && entry.type !== 'com32')
    return { do: 'other', why: `boots by ${entry.type.toUpperCase()}, which only PXELINUX can` }
  return programOf(what, words) ?? linux(what, words, entry)
}

function programOf(what: string, words: readonly string[]): OldBoot | undefined {
  const name = basename(what).toLowerCase()
  if (menuPrograms.test(name) && name.includes('.c32'))
    return { do: 'menu', files: words.filter((word) => word !== '~'), shown: true }
  if (
    name === 'localboot.c32' ||
    (name === 'chain.c32' && words.every((word) => /^(?:hd\d+|mbr[:=].*|boot|\d+|swap)$/i.test(word)))
  )
    return { do: 'local' }
  if (name === 'linux.c32') return noKernel(basename(words[0] ?? '').toLowerCase())
  const other = noKernel(name)
  if (other) return other
  if (/\.(?:c32|com|cbt|0|bin|bs|bss|img|pxe|lkrn)$/.test(name) && !/^vmlinuz|^bzimage/.test(name))
    return { do: 'other', why: `is ${name}, a program for PXELINUX and no Linux kernel` }
  return undefined
}

/** Programs that are built to be loaded like a kernel: LINUX skips the guess by the end of the name, and starts them as well. */
function noKernel(name: string): OldBoot | undefined {
  if (name.startsWith('memdisk'))
    return { do: 'other', why: 'starts a disk image by memdisk, and what that does to disks nobody here can tell' }
  if (name === 'mboot.c32')
    return {
      do: 'other',
      why: 'starts ESXi or Xen by mboot.c32: import the medium (birnam distro import), and write a profile for it',
    }
  if (/\.(?:c32|lkrn|exe|efi)$/.test(name))
    return { do: 'other', why: `is ${name}, a program of its own and no Linux kernel` }
  return undefined
}

/** APPEND's initrd= is the first that PXELINUX finds, and wins over INITRD. */
function linux(what: string, words: readonly string[], { initrd, sysappend }: RawEntry): OldBoot {
  const isProgram = /(?:^|\/)linux\.c32$/i.test(what)
  const [kernel = '', ...rest] = isProgram ? words : [what, ...words]
  const named = rest.find((word) => /^initrd=/i.test(word))?.slice('initrd='.length) ?? initrd ?? ''
  const args = rest.filter((word) => !/^(?:initrd|BOOT_IMAGE)=/i.test(word))
  return {
    do: 'linux',
    kernel,
    initrd: named
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    args,
    sysappend,
  }
}
