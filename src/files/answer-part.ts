import { readFileSync } from 'node:fs'
import { dirname } from 'node:path/posix'
import { familyOf } from '../answer/families.ts'
import type { Family, InstallContext } from '../answer/family.ts'
import type { Program } from '../boot/program.ts'
import type { Distro, Profile } from '../config/site.ts'
import { Fault } from '../fault.ts'
import { distroOf } from './context.ts'
import type { House } from './house.ts'

type Answering = Extract<Profile, { kind: 'live' | 'install' }>

/** Who reads the answer of a profile. A live system of a family whose only reader is its installer has none. */
export function answerFamily(house: House, profile: Answering): Family | undefined {
  const distro = distroOf(house, profile)
  const family = distro && familyOf(distro)
  return profile.kind === 'live' && !family?.liveArgs ? undefined : family
}

/** Kernel arguments that the family needs. An installer that would wipe is never told where its answer is by a live profile. */
export function familyWords(profile: Answering, distro: Distro, context: InstallContext): readonly string[] {
  const family = familyOf(distro)
  const known = profile.answer === undefined ? without(context) : context
  return profile.kind === 'live' ? (family.liveArgs?.(distro, known) ?? []) : family.installArgs(distro, known)
}

/** How it is started where it is no Linux kernel; only what installs is. */
export function programOf(
  profile: Answering,
  distro: Distro | undefined,
  context: InstallContext,
): { program?: Program } {
  const program = profile.kind === 'install' && distro ? familyOf(distro).program?.(distro, context) : undefined
  return program ? { program } : {}
}

/** What a template finds as `medium`. Throws `file-missing`. */
export function mediumOf({ paths }: House, distro: Distro | undefined): Readonly<Record<string, unknown>> {
  const read = (name: string): string => {
    const found = paths.find(`files/${name}`) ?? paths.find(name)
    if (found) return readFileSync(found.path, 'utf8')
    throw new Fault('file-missing', `${name} is not in the site`, {
      hint: 'copy the medium into files/, beside the kernel',
    })
  }
  const medium = distro && familyOf(distro).medium?.(distro, read)
  return medium ? { medium } : {}
}

function without({ answer: _none, ...context }: InstallContext): InstallContext {
  return context
}

export interface AnswerFile {
  readonly type: string
  /** Undefined: the file is empty. */
  readonly template?: string
  readonly dos?: true
}

/** The names below `answer.url` that are files of their own, and not the profile's answer under another name. */
export function partNames(house: House, profile: Answering): readonly string[] {
  const parts = Object.entries(answerFamily(house, profile)?.parts ?? {})
  return parts.filter(([, { from }]) => from !== 'answer').map(([name]) => name)
}

/** What one name below `answer.url` means; '' is the URL itself. Undefined for what the family does not ask for. */
export function partOf(
  { paths }: House,
  answer: string,
  family: Family | undefined,
  name: string,
): AnswerFile | undefined {
  if (name === '') return { type: family?.type ?? 'text/plain; charset=utf-8', template: answer }
  const parts = family?.parts
  const part = parts && Object.hasOwn(parts, name) ? parts[name] : undefined
  if (!part) return undefined
  const { from, ...how } = part
  if (from === 'answer') return { ...how, template: answer }
  const own = `${dirname(answer)}/${name}.hbs`
  if (paths.find(own)) return { ...how, template: own }
  return from === 'empty' ? how : { ...how, template: from.template }
}
