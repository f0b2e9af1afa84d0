import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { House } from './house.ts'

/** The imager's names on the shelf; `birnam imager build` makes both in the data directory. */
export const imagerFiles = { kernel: 'imager/vmlinuz', initrd: 'imager/initrd.img' } as const

/** Undefined for any other name. */
export function imagerPath({ golden }: House, name: string): string | undefined {
  const isOne = name === imagerFiles.kernel || name === imagerFiles.initrd
  return isOne && golden ? join(golden.imager, name.slice('imager/'.length)) : undefined
}

/** Whether nobody has built the imager yet. */
export function imagerMissing(house: House): boolean {
  return Object.values(imagerFiles).some((name) => {
    const path = imagerPath(house, name)
    return path === undefined || !existsSync(path)
  })
}

/** What to type, with the data directory that the imager belongs into. */
export function imagerHint({ golden }: House): string {
  return `birnam imager build${golden ? ` --data ${dirname(golden.imager)}` : ''} makes it`
}
