import { formatSite } from '../config/export.ts'
import { Fault } from '../fault.ts'
import { layOverrides, type Laid, type Won } from './lay-overrides.ts'
import { imageName } from './names.ts'
import { nounsOf, type Nouns } from './nouns.ts'
import { layoutsOf, type NewLayout } from './old-layouts.ts'
import { scriptsOf, type NewScript } from './old-scripts.ts'
import { readOldSite, type OldPlace, type OldSite } from './old-site.ts'
import { LeftList } from '../takeover/told.ts'
import { asComments, waitingText } from '../takeover/written.ts'

/** All that the new site gets, before anything is written. */
export interface ImportPlan {
  readonly old: OldSite
  /** What each old image is called here. */
  readonly images: ReadonlyMap<string, string>
  readonly nouns: Nouns
  readonly laid: readonly Laid[]
  readonly won: readonly Won[]
  readonly scripts: readonly NewScript[]
  readonly layouts: readonly NewLayout[]
  readonly left: LeftList
  /** systemimager.yaml */
  readonly yaml: string
}

/** Reads the old server's files, images without `lost` ones. Throws `config-invalid`, and `request-invalid` for what is no such tree. */
export function planImport(place: OldPlace, lost: ReadonlyMap<string, string> = new Map()): ImportPlan {
  const left = new LeftList()
  const old = readOldSite(place, left)
  if (old.images.length === 0 && old.overrides.length === 0 && old.files.names('scripts').length === 0)
    throw new Fault('request-invalid', `${place.base} holds no images/, overrides/ or scripts/`, {
      hint: 'name the directory that is /var/lib/systemimager on the old server',
    })
  for (const [image, why] of lost) left.add(`images/${image}`, why)
  const images = imagesOf(old, lost, left)
  const layouts = layoutsOf(old, images, left)
  const nouns = nounsOf(old, { images, layouts: layouts.byImage }, left)
  const scripts = scriptsOf(old, images, left)
  const { laid, won } = layOverrides(old.files, nouns.layers, left)
  const yaml = head(place) + formatSite({ ...nouns, distros: [] }) + waitingComments(nouns)
  return { old, images, nouns, laid, won, scripts, layouts: layouts.files, left, yaml }
}

function head({ base }: OldPlace): string {
  return `# Machines, groups and profiles as SystemImager had them (${JSON.stringify(base)}). They are yours now: change what you like.\n`
}

function waitingComments({ waiting }: Nouns): string {
  if (waiting.length === 0) return ''
  return asComments('These lack their mac: and then belong under machines:.', waitingText(waiting))
}

function imagesOf(old: OldSite, lost: ReadonlyMap<string, string>, left: LeftList): ReadonlyMap<string, string> {
  const images = new Map<string, string>()
  for (const image of old.images.filter((each) => !lost.has(each))) {
    const name = imageName(image)
    const other = [...images].find(([, taken]) => taken === name)?.[0]
    if (name === undefined) left.add(`images/${image}`, 'its name is none that an image could have: rename it')
    else if (other !== undefined)
      left.add(`images/${image}`, `would be called ${name}, as ${other} is: rename one of them`)
    else images.set(image, name)
    if (name !== undefined && other === undefined && name !== image)
      left.add(`images/${image}`, `is called ${name} here: names of images are in small letters`)
  }
  return images
}
