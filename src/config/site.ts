import type { SiteOption } from '../net/dhcp-option.ts'
import type { Mac } from '../net/mac.ts'
import type { RelayPort } from '../net/relay-port.ts'
import type { Cidr, Ipv4 } from '../net/ipv4.ts'
import type { Cidr6, Ipv6 } from '../net/ipv6.ts'

/** Values for templates: whatever YAML can hold. Merged site → group → profile → machine, key by key at the top level. */
export type Vars = Readonly<Record<string, unknown>>

/**
 * Which first loader a machine gets. `auto`: an iPXE client goes straight to a script, BIOS to PXELINUX, UEFI to shim and GRUB.
 * `ipxe-shim` is iPXE as signed for Secure Boot.
 */
export type LoaderChoice = 'auto' | 'pxelinux' | 'lpxelinux' | 'ipxe' | 'ipxe-shim' | 'grub' | 'shim'

/**
 * How a loader hands a machine on to its disk. `auto`: what works on most. `exit`: back to the firmware, which goes on to its next device.
 * `chain`: the loader starts what is on the disk. `sanboot`: iPXE boots the first disk; other loaders do as `auto`.
 */
export type LocalBoot = 'auto' | 'exit' | 'chain' | 'sanboot'

/** Where a noun was written, for messages and for `explain`. */
export interface Origin {
  /** Relative to the site directory. */
  readonly file: string
  readonly line: number
}

/** One site directory, read whole, checked and normalised. A new one replaces the old one; it is never changed. */
export interface Site {
  readonly directory: string
  readonly server: ServerSettings
  readonly vars: Vars
  /** Where `vars` of the site is written. */
  readonly varsOrigin?: Origin
  readonly machines: readonly Machine[]
  readonly groups: readonly Group[]
  readonly profiles: readonly Profile[]
  readonly distros: readonly Distro[]
}

export interface HttpsSettings {
  readonly port: number
  readonly address: string
  /** PEM files, in the site or by their absolute names: the certificate with those that vouch for it, and its key. */
  readonly certificate: string
  readonly key: string
  /** How the certificate calls this server; its address when not given. */
  readonly name?: string
  /** Whether UEFI's HTTP boot begins there. */
  readonly boot: boolean
}

export interface TftpSettings {
  readonly port: number
  readonly address: string
  readonly enabled: boolean
  /** The largest block that is agreed to, in bytes. */
  readonly blksize: number
  /** Where transfers are sent from; `port` alone: from the listening port. Any free ones when not given. */
  readonly ports?: { readonly from: number; readonly to: number }
}

export interface ServerSettings {
  /** How clients reach this server; undefined when the site does not say. */
  readonly address?: Ipv4
  readonly loader: LoaderChoice
  readonly localboot?: LocalBoot
  readonly http: { readonly port: number; readonly address: string }
  /** The same files by TLS as well. */
  readonly https?: HttpsSettings
  readonly tftp: TftpSettings
  readonly dhcp: DhcpSettings
  readonly dhcp6: Dhcp6Settings
  /**
   * What a machine that nobody named gets besides its address: no boot file, its disk, a wait until somebody names it, or the live profile or
   * the menu of that name.
   */
  readonly strangers: 'ignore' | 'local' | 'discover' | { readonly profile: string }
  /** Paths that other programs' clients ask for. */
  readonly compat: { readonly cobbler: boolean }
  readonly permits: {
    /** Seconds that an armed permit waits for its machine. */
    readonly lifetime: number
    /** Seconds after which an install that never reported counts as failed. */
    readonly install: number
    /** Seconds that a claimed session may fetch its answer; at most 3600. */
    readonly answer: number
  }
  readonly images: {
    /** The registry that keeps the golden images, with its credentials; undefined: the data directory does. */
    readonly registry?: string
    /** Where machines look for layers before they ask this server. */
    readonly mirrors: readonly string[]
    readonly multicast: {
      readonly group: Ipv4
      readonly port: number
      /** Mbit/s. */
      readonly rate: number
      /** Seconds that the first machine waits for others. */
      readonly wait: number
    }
  }
  /** For clients and habits of SystemImager; all off unless the site says otherwise. */
  readonly systemimager: {
    /** Whether its monitor's reports are heard, on TCP 8181. */
    readonly monitor: boolean
    readonly rsync?: {
      readonly listen: string
      readonly port: number
      /** Never empty: whoever is in it can read whole images. */
      readonly allow: readonly Cidr[]
    }
  }
}

export interface DhcpSettings {
  readonly mode: 'server' | 'proxy' | 'off'
  readonly interfaces: readonly string[]
  readonly subnets: readonly Subnet[]
  /** What is told besides, under whatever is nearer to the machine. */
  readonly options?: readonly SiteOption[]
}

export interface Subnet {
  readonly cidr: Cidr
  /** Inclusive, as numbers; empty when the subnet only has reservations. */
  readonly ranges: readonly { readonly from: number; readonly to: number }[]
  readonly router?: Ipv4
  readonly dns: readonly Ipv4[]
  readonly ntp: readonly Ipv4[]
  readonly domain?: string
  /** Seconds. */
  readonly lease: number
  /** Only on this interface, when given. */
  readonly interface?: string
  /** Another subnet of the same link. */
  readonly with?: Cidr
  /** What is told besides, under whatever is nearer to the machine. */
  readonly options?: readonly SiteOption[]
}

/** Off where no interface is named. */
export interface Dhcp6Settings {
  readonly interfaces: readonly string[]
  readonly subnets: readonly Subnet6[]
  /** What is told besides, under whatever is nearer to the machine. */
  readonly options?: readonly SiteOption[]
}

export interface Subnet6 {
  readonly cidr: Cidr6
  /** Inclusive; without it, the address of a machine is made of its card. */
  readonly range?: { readonly from: bigint; readonly to: bigint }
  readonly dns: readonly Ipv6[]
  readonly domain?: string
  /** Seconds. */
  readonly lease: number
  /** Only on this interface, when given. */
  readonly interface?: string
  /** Another subnet of the same link. */
  readonly with?: Cidr6
  /** What is told besides, under whatever is nearer to the machine. */
  readonly options?: readonly SiteOption[]
}

export interface Machine {
  readonly name: string
  readonly macs: readonly Mac[]
  readonly uuid?: string
  readonly serial?: string
  /** The port that it hangs on: whatever hangs there is this machine. */
  readonly relay?: RelayPort
  readonly ip?: Ipv4
  readonly ip6?: Ipv6
  readonly hostname: string
  readonly profile?: string
  /** What it boots of its own, instead of a profile: a name or a URL, told as it is. */
  readonly file?: string
  readonly groups: readonly string[]
  readonly loader: LoaderChoice
  readonly localboot?: LocalBoot
  /** DHCP options, over those of the site and the subnet; over IPv4 and IPv6. */
  readonly options?: readonly SiteOption[]
  readonly options6?: readonly SiteOption[]
  readonly vars: Vars
  readonly origin: Origin
}

export interface Group {
  readonly name: string
  /** Names of machines, or shell-style patterns (`web-*`). */
  readonly machines: readonly string[]
  /** Lower is stronger, as in SystemImager. */
  readonly priority: number
  readonly profile?: string
  /** DHCP options, over those of the site and the subnet; over IPv4 and IPv6. */
  readonly options?: readonly SiteOption[]
  readonly options6?: readonly SiteOption[]
  readonly vars: Vars
  readonly origin: Origin
}

interface ProfileBase {
  readonly name: string
  readonly vars: Vars
  readonly loader?: LoaderChoice
  readonly localboot?: LocalBoot
  /** A folder of the site with its own shim and GRUB; else its distro's, else what this server has. */
  readonly loaders?: string
  readonly origin: Origin
}

/** Kernel and initrd are paths, looked up in the site first and then in what Birnam ships. */
interface Bootable {
  readonly kernel?: string
  readonly initrd: readonly string[]
  /** A template; words are split at blanks after rendering. */
  readonly args: string
  /** A template file, rendered for the machine that asks. */
  readonly answer?: string
  readonly distro?: string
  /** The API, in the manner of pixiecore's, that says what to boot instead of all these. */
  readonly pixiecore?: string
}

export type Profile =
  | (ProfileBase & { readonly kind: 'local' })
  | (ProfileBase & Bootable & { readonly kind: 'live' })
  | (ProfileBase & Bootable & { readonly kind: 'install' })
  | (ProfileBase & {
      readonly kind: 'image'
      /** An OCI reference; without a tag the highest version at the moment of the permit. */
      readonly image: string
      /** A path, looked up in the site first and then in what Birnam ships. */
      readonly layout: string
      /** Kernel arguments of the imager, a template. */
      readonly args: string
      /** How layers reach the machine; what does not arrive so is pulled by HTTP. */
      readonly transport: 'http' | 'torrent' | 'multicast'
      /** What the imager does at its end. */
      readonly after: 'reboot' | 'kexec' | 'poweroff' | 'shell'
    })
  | MenuProfile

/** What a person at the console may choose; the disk is always the last choice, and what follows when nobody chooses. */
export type MenuProfile = ProfileBase & {
  readonly kind: 'menu'
  readonly title?: string
  /** Names of profiles, menus among them; `discover`, and `local` for the disk. */
  readonly entries: readonly string[]
  /** Seconds. */
  readonly timeout: number
  /** crypt(3): whoever knows it may have a machine installed from its console. */
  readonly password?: string
}

/** Profiles that wipe disks: only under a permit. */
export type WipingProfile = Extract<Profile, { kind: 'install' | 'image' }>

export function isWiping(profile: Profile | undefined): profile is WipingProfile {
  return profile?.kind === 'install' || profile?.kind === 'image'
}

export interface Distro {
  readonly name: string
  /** Who reads the answer; docs/installers.md. */
  readonly family: 'debian' | 'redhat' | 'ubuntu' | 'cloud' | 'ignition' | 'suse' | 'esxi' | 'windows'
  /** `12`, `9`, `40`: the major version; `24.04`. */
  readonly version: string
  readonly kernel: string
  readonly initrd: readonly string[]
  /** Kernel arguments that every install of this distro needs. */
  readonly args: string
  /** URL of the package tree or mirror. */
  readonly tree?: string
  /** A folder of the site with the shim and GRUB of this distribution. */
  readonly loaders?: string
  readonly origin: Origin
}
