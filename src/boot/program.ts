/** What a loader starts that is no Linux kernel: ESXi's mboot, wimboot. Names are on the shelf and relative. */
export interface Program {
  /** By PXELINUX. */
  readonly bios?: Run
  /** By iPXE, which starts programs of UEFI as they are. */
  readonly uefi?: Run
  /** By iPXE on both. */
  readonly any?: Run
  /** Files that it finds by their names; a URL, or a name on the shelf. iPXE only. */
  readonly files: readonly { readonly as: string; readonly from: string }[]
}

interface Run {
  readonly name: string
  readonly args: readonly string[]
}
