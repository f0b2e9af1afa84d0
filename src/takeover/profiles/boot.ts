/** What an entry does when it is chosen. */
export type OldBoot =
  | { readonly do: 'local' }
  /** `shown`: a program shows them as a menu; else they are read as menus of their own. */
  | { readonly do: 'menu'; readonly files: readonly string[]; readonly shown: boolean }
  | {
      readonly do: 'linux'
      readonly kernel: string
      readonly initrd: readonly string[]
      readonly args: readonly string[]
      readonly sysappend: number
    }
  | { readonly do: 'other'; readonly why: string }
