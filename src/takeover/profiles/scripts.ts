import type { LeftList } from '../told.ts'
import type { ProfileBook } from './book.ts'
import { readConfigName } from './configs.ts'
import type { ConfigProfiles } from './machines.ts'
import type { OldConfig } from './menu.ts'
import { MenuBook } from './menus.ts'
import type { TftpFile, TftpRoot } from './root.ts'

/** Scripts of a loader: one file is one menu. */
export interface OldScripts {
  readonly root: TftpRoot
  /** Relative to the root. */
  readonly names: readonly string[]
  /** As PXELINUX would call the file: `01-52-54-…`, `default`; undefined for one that belongs to others. */
  readonly configOf: (name: string) => string | undefined
  /** Undefined for what is no such script. */
  readonly read: (text: string, file: string) => OldConfig | undefined
  readonly loader: string
}

/** Each file that a machine would ask for as the profile that it became; the others are parts of these, or are told. */
export function readerOf(scripts: OldScripts): (book: ProfileBook, left: LeftList) => ConfigProfiles {
  const { root, names, loader } = scripts
  return (book, left) => {
    const menus = new MenuBook(root, book, left, (files) => readAll(files, scripts, left))
    const configs = new Map<string, string | undefined>()
    const others: string[] = []
    for (const name of names) {
      const config = scripts.configOf(name)
      const file = root.find(name)
      if (config === undefined || !readConfigName(config) || typeof file === 'string') others.push(name)
      else {
        const key = config.includes('-') ? config.toLowerCase() : config
        if (configs.has(key))
          left.add(file.real, `is a second file of ${loader} for the same machines: the first is taken`)
        else configs.set(key, menus.profileOf(file))
      }
    }
    for (const name of others)
      if (!root.wasRead(name))
        left.add(name, `no machine would ask for it by that name, and no menu of ${loader} leads to it`)
    return configs
  }
}

function readAll(files: readonly TftpFile[], { root, read, loader }: OldScripts, left: LeftList): OldConfig {
  const [file] = files
  const text = file && root.text(file)
  const config = file && text !== undefined ? read(text, file.real) : undefined
  if (file && !config)
    left.add(file.real, `is no script of ${loader}: it is too large, no text, or its braces do not match`)
  return config ?? { menu: { tag: '.top', choices: [], timeout: 0 }, asks: true, shown: true, elsewhere: [] }
}
