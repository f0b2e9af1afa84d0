import { join } from 'node:path'
import type { House } from './house.ts'

/** The imager's names on the shelf; `birnam imager build` makes both in the data directory. */
export const imagerFiles = { kernel: 'imager/vmlinuz', initrd: 'imager/initrd.img' } as const

/** Undefined for any other name. */
export function imagerPath({ imager }: House, name: string): string | undefined {
  const isOne = name === imagerFiles.kernel || name === imagerFiles.initrd
  return isOne && imager !== undefined ? join(imager, name.slice('imager/'.length)) : undefined
}
