import type { OldSite } from './old-site.ts'
import type { LeftList } from '../takeover/told.ts'

export interface NewScript {
  /** `post-install/50porter.motd` */
  readonly file: string
  readonly text: string
  readonly mode: number
}

/** What SystemImager ships, and the imager does by itself. */
const shipped: Readonly<Record<string, string>> = {
  '10all.fix_swap_uuids': 'fstab is written with the new UUIDs',
  '11all.replace_byid_device': 'fstab is written with the new UUIDs',
  '50all.rebuild_initrd': 'the initrd is rebuilt by the bootloader step',
  '60all.install_boot_loader': 'the bootloader is a step of its own',
  '95all.monitord_rebooted': 'an installed machine reports through its permit',
}

/** scripts/post-install, with classes that are called like images here. */
export function scriptsOf(
  { files, postInstall }: OldSite,
  images: ReadonlyMap<string, string>,
  left: LeftList,
): readonly NewScript[] {
  return postInstall.flatMap((name) => {
    const path = `scripts/post-install/${name}`
    if (name.startsWith('README') || /(?:~|\.bak|\.rpmsave)$/.test(name)) return []
    if (Object.hasOwn(shipped, name)) {
      left.add(path, `not needed: ${shipped[name]}`)
      return []
    }
    if (!/^\d\d[\w.+-]+\.[\w.+-]+$/.test(name)) {
      left.add(path, 'is not called NNclass.description, so it never ran')
      return []
    }
    const text = files.text(path)
    if (text?.includes('\uFFFD')) left.add(path, 'is no text in UTF-8')
    if (text === undefined || text.includes('\uFFFD')) return []
    const now = renamed(name, images)
    if (now !== name) left.add(path, `is post-install/${now} now, as its image is called here`)
    return [{ file: `post-install/${now}`, text, mode: 0o755 }]
  })
}

function renamed(name: string, images: ReadonlyMap<string, string>): string {
  const [old, now] = [...images].find(([image]) => name.slice(2).startsWith(`${image}.`)) ?? []
  return old === undefined ? name : `${name.slice(0, 2)}${now}${name.slice(2 + old.length)}`
}
