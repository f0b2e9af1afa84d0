import type { Profile, Vars } from '../config/site.ts'
import { installOf } from '../takeover/profiles/install.ts'
import type { LeftList } from '../takeover/told.ts'
import type { NewFile } from '../takeover/written.ts'
import { convert } from './convert.ts'
import type { NewDistro } from './distros.ts'
import type { Known } from './known.ts'
import { partName, type Library } from './library.ts'
import type { Naming } from './naming.ts'
import { fieldOf, wordsOf, type OldProfile, type OldSite, type OldSystem } from './old-site.ts'
import { textOf, type Piece } from './piece.ts'
import { Scope } from './scope.ts'
import { varsOf } from './values.ts'

export interface ProfileOptions {
  readonly site: OldSite
  readonly distros: ReadonlyMap<string, NewDistro>
  readonly naming: Naming
  readonly library: Library
  readonly known: Known
}

export interface NewProfiles {
  /** By their old names. */
  readonly profiles: ReadonlyMap<string, Profile>
  /** Answers that choose between templates. */
  readonly files: readonly NewFile[]
  /** Of each system: which template of several it has, when it has its own. */
  readonly ownAnswers: ReadonlyMap<OldSystem, string>
  readonly todo: readonly string[]
}

/** Each profile with all that it inherits; one whose distro was not taken is told. */
export function profilesOf(options: ProfileOptions, left: LeftList): NewProfiles {
  const { site, distros, naming } = options
  const made = {
    profiles: new Map<string, Profile>(),
    files: [] as NewFile[],
    ownAnswers: new Map<OldSystem, string>(),
    todo: [] as string[],
  }
  const systemsOf = Map.groupBy(site.systems, ({ profile }) => profile)
  for (const [oldName, old] of site.profiles) {
    const distro = distros.get(old.chain.distro.name)
    const name = distro && naming.of(old.chain.item)
    if (!distro) left.add(old.chain.item.file, `its distro ${old.chain.distro.name} was not taken over`)
    if (!distro || name === undefined) continue
    const systems = systemsOf.get(old) ?? []
    const answer = distro.kernelOnly ? undefined : answerOf(name, old, systems, options, made)
    const profile = profileOf(name, old, distro, { answer, systems, ...options }, left)
    if (profile) made.profiles.set(oldName, profile)
  }
  return made
}

function profileOf(
  name: string,
  old: OldProfile,
  { distro }: NewDistro,
  {
    answer,
    systems,
    ...options
  }: ProfileOptions & { readonly answer: string | undefined; readonly systems: readonly OldSystem[] },
  left: LeftList,
): Profile | undefined {
  const { file } = old.chain.item
  const base = { name, vars: {}, origin: { file: 'cobbler.yaml', line: 0 } }
  const args = argsOf(old, systems, distro.tree, options, file, left)
  if (answer !== undefined) {
    // EL 6 and older know neither inst.ks nor which card the kernel came by.
    const old6 =
      distro.family === 'redhat' && Number(distro.version) < 7 ? 'ks={{answer.url}} ksdevice={{machine.mac}} ' : ''
    return { ...base, kind: 'install', distro: distro.name, initrd: [], args: `${old6}${args}`, answer }
  }
  const doubt = liveDoubtOf(old, old.options)
  if (doubt !== undefined) {
    left.add(
      file,
      `${old.answer === undefined ? 'has no answer' : 'its answer was not taken'}, and ${doubt}: write it as kind: install, which waits for a permit, or as kind: live if you know that it leaves disks alone`,
    )
    return undefined
  }
  return { ...base, kind: 'live', kernel: distro.kernel, initrd: distro.initrd, args }
}

/** Why its kernel with these options may not boot without a permit. */
export function liveDoubtOf({ chain }: OldProfile, options: ReadonlyMap<string, unknown>): string | undefined {
  const initrd = chain.distro.text('initrd')
  const install = installOf({
    label: chain.item.name,
    kernel: chain.distro.text('kernel') ?? '',
    initrd: initrd === undefined ? [] : [initrd],
    args: wordsOf(options),
  })
  if (install === undefined) return undefined
  return 'doubt' in install ? install.doubt : 'its kernel options name an answer: it would wipe without a permit'
}

/** The variables of a profile, when it is known which fields its templates ask for. */
export function profileVars(
  old: OldProfile,
  { site, known }: ProfileOptions,
  tree: string | undefined,
  left: LeftList,
): Vars {
  const meta = new Map(old.meta)
  const vars = varsOf(meta, site.settings, old.chain.item, left)
  const own = vars.tree === tree ? withoutTree(vars) : vars
  const fields = [...known.used].filter((key) => !meta.has(key) && key !== 'interfaces')
  const found = fields.flatMap((key) => {
    const value = fieldOf(old.line, key, site.repos)
    return value === undefined ? [] : [[key, value] as const]
  })
  return { ...own, ...Object.fromEntries(found) }
}

function withoutTree({ tree: _tree, ...vars }: Vars): Vars {
  return vars
}

/** Systems may have templates of their own: then one file chooses, by a variable of the machine. */
function answerOf(
  name: string,
  old: OldProfile,
  systems: readonly OldSystem[],
  { library }: ProfileOptions,
  made: { readonly files: NewFile[]; readonly ownAnswers: Map<OldSystem, string>; readonly todo: string[] },
): string | undefined {
  const main = old.answer === undefined ? undefined : library.template(old.answer, old.chain.item.file)
  const others = new Map<string, string>()
  for (const system of systems) {
    if (system.answer === undefined || system.answer === old.answer) continue
    const path =
      others.get(system.answer) ?? (others.size < 40 ? library.template(system.answer, system.item.file) : undefined)
    if (path === undefined) continue
    others.set(system.answer, path)
    made.ownAnswers.set(system, system.answer)
  }
  for (const path of new Set([main, ...others.values()]))
    if (path !== undefined && !library.reportsDone(path) && !made.todo.some((line) => line.startsWith(`${path}:`)))
      made.todo.push(`${path}: ${noDone}`)
  if (others.size === 0) return main
  const path = `cobbler/answers/${name}.hbs`
  const lines = [...others].flatMap(([answer, part], index) => [
    `{{${index === 0 ? '#' : 'else '}if (eq vars.autoinstall ${JSON.stringify(answer)})}}`,
    `{{> ${partName(part)}}}`,
  ])
  const last = main === undefined ? [] : ['{{else}}', `{{> ${partName(main)}}}`]
  made.files.push({ path, text: [...lines, ...last, '{{/if}}', ''].join('\n') })
  return path
}

const noDone =
  'it never says that the install is done, so its permit would wait in vain; put {{> templates/post/_report.sh.hbs}} and birnam_report done into its last script'

/** Systems may have kernel arguments of their own, as a variable. */
function argsOf(
  old: OldProfile,
  systems: readonly OldSystem[],
  tree: string | undefined,
  options: Pick<ProfileOptions, 'known' | 'library'>,
  file: string,
  left: LeftList,
): string {
  const words = bootWords(old.options, tree)
  const text = asTemplate(words, options, file, left)
  if (text.length > 3000 || /[^\P{Cc}\n\t\r]/u.test(text)) {
    left.add(file, 'its kernel options are longer than 3000 characters, or hold control characters')
    return ''
  }
  const differs = systems.some((system) => bootWords(system.options, tree).join(' ') !== words.join(' '))
  return differs ? `{{#if (or vars.boot_args (eq vars.boot_args ""))}}{{vars.boot_args}}{{else}}${text}{{/if}}` : text
}

/** They name an answer: an install is told of its own, and a live system with one would wipe without a permit. */
const answers: ReadonlySet<string> = new Set(
  'ks inst.ks autoyast autoyast2 url preseed/url preseed/file inst.auto answerfile autoinstall ds ignition.config.url coreos.inst.install_dev coreos.inst.ignition_url coreos.inst'.split(
    ' ',
  ),
)
/** Which card to use: Birnam tells the installer that asked. */
const cards: ReadonlySet<string> = new Set(['kssendmac', 'inst.ks.sendmac', 'ksdevice', 'netdevice'])

/** Without what Birnam says to the installer by itself. */
export function bootWords(options: ReadonlyMap<string, unknown>, tree: string | undefined): readonly string[] {
  const kept = [...options].filter(([key, value]) => {
    const name = key.trim().toLowerCase()
    // A key with a blank in it would be two words, and the second one anything.
    return (
      !/[\s=]/.test(name) &&
      !answers.has(name) &&
      !cards.has(name) &&
      !(value === tree && (key === 'install' || key === 'inst.repo'))
    )
  })
  // A key of one blank is how settings of old said nothing.
  return wordsOf(new Map(kept)).filter((word) => word.trim() !== '' && !/^lang= *"? *"?$/.test(word))
}

/** Word by word: one that cannot be said is told, and the others stay. */
function asTemplate(
  words: readonly string[],
  { known, library }: Pick<ProfileOptions, 'known' | 'library'>,
  file: string,
  left: LeftList,
): string {
  const pieces = words.flatMap((word, index): readonly Piece[] => {
    const old = { text: word, file, dialect: 'cheetah', comments: 'hash' } as const
    const converted = convert(old, new Scope(known), library)
    for (const why of converted.bad.values()) left.add(file, `one of its kernel options could not be converted: ${why}`)
    const blank: Piece = { kind: 'text', text: index === 0 ? '' : ' ' }
    return converted.bad.size === 0 ? [blank, ...converted.pieces] : []
  })
  return textOf(pieces)
}
