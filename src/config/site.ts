import type { Mac } from '../net/mac.ts'
import type { RelayPort } from '../net/relay-port.ts'
import type { Cidr, Ipv4 } from '../net/ipv4.ts'

/** Values for templates: whatever YAML can hold. Merged site → group → profile → machine, key by key at the top level. */
export type Vars = Readonly<Record<string, unknown>>

/** Which first loader a machine gets. `auto`: an iPXE client goes straight to a script, BIOS to PXELINUX, UEFI to GRUB. */
export type LoaderChoice = 'auto' | 'pxelinux' | 'ipxe' | 'grub'

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

export interface ServerSettings {
  /** How clients reach this server; undefined when the site does not say. */
  readonly address?: Ipv4
  readonly loader: LoaderChoice
  readonly http: { readonly port: number; readonly address: string }
  readonly tftp: { readonly port: number; readonly address: string; readonly enabled: boolean }
  readonly dhcp: DhcpSettings
  /** What a machine that nobody named gets besides its address: no boot file, its disk, or the live profile of that name. */
  readonly strangers: 'ignore' | 'local' | { readonly profile: string }
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
}

export interface Machine {
  readonly name: string
  readonly macs: readonly Mac[]
  readonly uuid?: string
  readonly serial?: string
  /** The port that it hangs on: whatever hangs there is this machine. */
  readonly relay?: RelayPort
  readonly ip?: Ipv4
  readonly hostname: string
  readonly profile?: string
  readonly groups: readonly string[]
  readonly loader: LoaderChoice
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
  readonly vars: Vars
  readonly origin: Origin
}

interface ProfileBase {
  readonly name: string
  readonly vars: Vars
  readonly loader?: LoaderChoice
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
}

export type Profile =
  | (ProfileBase & { readonly kind: 'local' })
  | (ProfileBase & Bootable & { readonly kind: 'live' })
  | (ProfileBase & Bootable & { readonly kind: 'install'; readonly distro?: string })
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

/** Profiles that wipe disks: only under a permit. */
export type WipingProfile = Extract<Profile, { kind: 'install' | 'image' }>

export function isWiping(profile: Profile | undefined): profile is WipingProfile {
  return profile?.kind === 'install' || profile?.kind === 'image'
}

export interface Distro {
  readonly name: string
  readonly family: 'debian' | 'redhat'
  /** `12`, `9`, `40`: the major version. */
  readonly version: string
  readonly kernel: string
  readonly initrd: readonly string[]
  /** Kernel arguments that every install of this distro needs. */
  readonly args: string
  /** URL of the package tree or mirror. */
  readonly tree?: string
  readonly origin: Origin
}
