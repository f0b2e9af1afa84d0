import { basename } from 'node:path'
import type { Distro } from '../../config/site.ts'
import { codenames } from '../../distro/codenames.ts'
import { liveDoubt, shown, type BootLine } from '../live.ts'

/** Whether a kernel line installs, and by whose installer. */
export type Install =
  | {
      readonly family: Distro['family']
      readonly version: string
      /** Where the old answer is: a URL or path as it stands there; undefined when the line does not say. */
      readonly answer?: string
      /** The package tree. */
      readonly tree?: string
      /** Without what Birnam says itself. */
      readonly args: readonly string[]
    }
  | { readonly doubt: string }

export interface KernelLine extends BootLine {
  readonly label: string
}

/** Undefined for what boots and leaves the disks alone, as its line shows. In doubt it is no such thing. */
export function installOf(line: KernelLine): Install | undefined {
  const { args, kernel, initrd } = line
  const guess = families.find(({ asks }) => args.some((word) => asks.test(word)))
  const others = args.filter((word) => !guess || !(guess.asks.test(word) || guess.answer.test(word)))
  const erasing =
    [kernel, ...initrd].find((name) => erases.test(basename(name))) ?? others.find((word) => erases.test(word))
  if (erasing !== undefined) return { doubt: `${shown(erasing)} looks like a program that writes disks by itself` }
  if (guess) return found(guess, line)
  const mark = args.find((word) => marks.test(word)) ?? [kernel, ...initrd].find((name) => folders.test(name))
  if (mark !== undefined || isDebianInstaller(line))
    return {
      doubt: `${shown(mark ?? kernel)} looks like an installer, and its line does not say which answer it finds`,
    }
  const doubt = liveDoubt(line)
  return doubt === undefined ? undefined : { doubt }
}

interface Guess {
  readonly family: Distro['family']
  readonly asks: RegExp
  /** Where the answer is, in its first group. */
  readonly answer: RegExp
  readonly tree?: RegExp
  /** Words that Birnam writes itself, or that belong to the old answer. */
  readonly drops: RegExp
  readonly version?: string
}

/** The first that fits; what its installer reads is in docs/installers.md. */
const families: readonly Guess[] = [
  {
    family: 'ubuntu',
    asks: /^autoinstall$/,
    answer: /^ds=nocloud(?:-net)?;(?:.*;)?s=([^;]+)/,
    tree: /^url=(\S+\.iso)$/,
    drops: /^(?:autoinstall$|ds=|cloud-config-url=|ip=dhcp$|---?$)/,
  },
  {
    family: 'suse',
    asks: /^inst\.auto=/,
    answer: /^inst\.auto=(.+)/,
    drops: /^(?:inst\.auto=|inst\.finish=)/,
    version: '16',
  },
  {
    family: 'suse',
    asks: /^autoyast2?(?:=|$)/,
    answer: /^autoyast2?=(.+)/,
    tree: /^install=(.+)/,
    drops: /^(?:autoyast2?(?:=|$)|hostname=)/,
  },
  {
    family: 'redhat',
    asks: /^(?:inst\.)?ks(?:=|$)/,
    answer: /^(?:inst\.)?ks=(.+)/,
    tree: /^inst\.repo=(.+)/,
    drops: /^(?:(?:inst\.)?ks(?:=|\.|$)|kssendmac$|kssendsn$)/,
  },
  {
    family: 'ignition',
    asks: /^(?:coreos\.inst|ignition\.config)/,
    answer: /^(?:coreos\.inst\.ignition_url|ignition\.config\.url)=(.+)/,
    tree: /^coreos\.live\.rootfs_url=(.+)/,
    drops: /^(?:coreos\.inst|ignition\.)/,
    version: 'stable',
  },
  {
    family: 'debian',
    asks: /^(?:(?:preseed\/)?(?:url|file)=|preseed|auto(?:=true)?$|auto-install\/enable=)/,
    answer: /^(?:preseed\/)?(?:url|file)=(.+)/,
    drops:
      /^(?:(?:preseed\/)?(?:url|file)=|preseed|auto(?:=true)?$|auto-install\/|(?:debconf\/)?priority=|DEBCONF_PRIORITY=|interface=|netcfg\/choose_interface=|(?:netcfg\/get_)?(?:hostname|domain)=|---?$)/,
  },
]

/** DBAN, Clonezilla, FAI, FOG, SystemImager, xCAT, Windows, and installers that nobody here can answer. */
const erases =
  /autonuke|\bn?dwipe|\bnwipe|\bdban\b|killdisk|secure-?erase|\bocs[-_]|restoredisk|^FAI_|^(?:IMAGESERVER|IMAGENAME|SCRIPTNAME)=|^si\.|^type=down|^xcatd=|^talos\.|answerfile|unattend|^kickstart=|wipefs|zerombr|wimboot|\.wim$/i

const marks =
  /install|preseed|^inst\.|^(?:method|repo|netsetup)=|^debian-installer\/|^netcfg\/|^mirror\/|^---$|^url=|^ds=nocloud|^cloud-config-url=/i
const folders = /(?:^|\/)(?:debian-installer|ubuntu-installer|d-i|installer|install)\//i

/** Their own names for their files; an answer may be inside of the initrd. */
function isDebianInstaller({ kernel, initrd }: KernelLine): boolean {
  return /(?:^|\/)linux$/.test(kernel) && initrd.some((name) => /(?:^|\/)initrd(?:\.gz)?$/.test(name))
}

function found(guess: Guess, line: KernelLine): Install {
  const { args, label, kernel } = line
  const first = (pattern: RegExp | undefined): string | undefined => {
    for (const word of pattern ? args : []) {
      const value = pattern!.exec(word)?.[1]
      if (value !== undefined) return value
    }
    return undefined
  }
  const [answer, named] = [first(guess.answer), first(guess.tree)]
  if (guess.family === 'debian' && /\.iso$/i.test(answer ?? ''))
    return { doubt: 'its url= is an ISO, and its line does not say which answer its installer finds' }
  const tree =
    named !== undefined && /^(?:https?|ftp|nfs):\/\/\S+$/.test(named) && URL.canParse(named) ? named : undefined
  const kept = args.filter(
    (word) => !guess.drops.test(word) && (tree === undefined || guess.tree?.exec(word)?.[1] !== tree),
  )
  return {
    family: guess.family,
    version: guess.version ?? versionIn([label, kernel, tree ?? '', answer ?? ''], guess.family),
    ...(answer !== undefined && { answer }),
    ...(tree !== undefined && { tree }),
    args: kept,
  }
}

const numbers: Readonly<Partial<Record<Distro['family'], RegExp>>> = {
  redhat:
    /(?:rhel|el|centos(?:-?stream)?|rocky|alma(?:linux)?|oracle(?:linux)?|ol|fedora|fc|f)[-_/. ]?(\d{1,2})(?!\d)/i,
  debian: /debian[-_/. ]?(\d{1,2})(?!\d)/i,
  ubuntu: /(\d{2}\.\d{2})(?!\d)/,
  suse: /(?:sles?|leap|suse)[-_/. ]?(\d{2})(?!\d)/i,
}

/** As it is written in names and paths; `unknown` where it is not. */
function versionIn(texts: readonly string[], family: Distro['family']): string {
  for (const text of texts) {
    const number = numbers[family]?.exec(text)?.[1]
    const name = Object.keys(codenames).find((each) => text.toLowerCase().includes(each))
    if (number !== undefined || name !== undefined) return number ?? codenames[name!]!
  }
  return 'unknown'
}

/** A URL without the password in it. */
export function shownUrl(url: string): string {
  return url
    .replace(/\/\/[^/@]*@/, '//')
    .replace(/[?#].*/s, '')
    .slice(0, 200)
}
