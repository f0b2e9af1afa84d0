import { globSync } from 'node:fs'
import { isSecretText } from './disguise.ts'
import { lineOfVar } from '../config/var-line.ts'
import { didYouMean } from '../config/suggest.ts'
import type { Origin, Vars } from '../config/site.ts'
import { Fault } from '../fault.ts'
import type { House } from '../files/house.ts'
import type { Finding } from './finding.ts'

/** What is wrong with the variables of a site, each told at the noun that sets it. */
export function varFindings(house: House): readonly Finding[] {
  const read = readIn(house)
  return layersOf(house).flatMap(({ vars, origin }) =>
    Object.entries(vars).flatMap(([name, value]) => {
      const found = [...unread(name, read), ...plainPasswords(name, value)]
      const line = found.length === 0 ? 0 : lineOfVar(house.registry.site.directory, origin, name)
      return found.map((one) => ({ ...one, file: origin.file, line }))
    }),
  )
}

interface Layer {
  readonly vars: Vars
  readonly origin: Origin
}

function layersOf({ registry: { site } }: House): readonly Layer[] {
  const own = site.varsOrigin ? [{ vars: site.vars, origin: site.varsOrigin }] : []
  return [...own, ...site.groups, ...site.profiles, ...site.machines]
}

function unread(name: string, read: ReadonlySet<string> | undefined): readonly Finding[] {
  if (!read || read.has(name)) return []
  const hint = didYouMean(name, [...read].toSorted(), 'take it out')
  return [{ severity: 'warning', message: `vars.${name} is read by no template of this site`, hint }]
}

/** The names of all variables that anything of the site reads; undefined where one reads them all, by a name that is not written out. */
function readIn(house: House): ReadonlySet<string> | undefined {
  const { directory, profiles, distros } = house.registry.site
  // What files/ holds is served as it is, and may be whole distributions.
  const own = globSync('**/*.hbs', { cwd: directory, exclude: (name) => name === 'files' })
  const shipped = house.paths.shippedLike('{templates,pxelinux}/**/*.hbs')
  // The parts of an answer stand beside it.
  const answers = profiles.flatMap((one) => ('answer' in one && one.answer !== undefined ? [one.answer] : []))
  const beside = [...new Set(answers.map((name) => `${name.slice(0, name.lastIndexOf('/') + 1)}*.hbs`))]
  const parts = beside.flatMap((pattern) => house.paths.shippedLike(pattern))
  const names = [...new Set([...own, ...shipped, ...answers, ...parts])].flatMap((name) => variablesIn(house, name))
  const lines = [...profiles, ...distros].flatMap((one) => ('args' in one ? namesIn(one.args) : []))
  const read = new Set([...names, ...lines, ...readByInstallers])
  return read.has('') ? undefined : read
}

/** What families read themselves, for the kernel line. */
const readByInstallers = ['disk', 'after_install']

/** A template that does not parse is told where it is rendered. */
function variablesIn(house: House, name: string): readonly string[] {
  try {
    return house.templates.variablesOf(name).flatMap((variable) => nameOf(variable.name))
  } catch (error) {
    if (error instanceof Fault) return []
    throw error
  }
}

/** `''` for all of them at once. */
function nameOf(path: string): readonly string[] {
  const found = /^(?:(?:machine|profile|site)\.)?vars(?:\.([^.[]+)|$|\[)/.exec(path)
  return found ? [found[1] ?? ''] : []
}

function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/\bvars(?:\.([\w-]+)|(?![\w.]))/g)].map(([, name]) => name ?? '')
}

/** A value that stands where a hash does, and is none, would lock everybody out, and be readable in /etc/shadow. It is not shown. */
function plainPasswords(name: string, value: unknown): readonly Finding[] {
  if (Array.isArray(value)) return value.flatMap((item) => plainPasswords(name, item))
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, item]) => plainPasswords(`${name}.${key}`, item))
  if (!/pass(?:word|wd)?_?(?:hash|crypted)$/i.test(name) || value === '' || isHash(value)) return []
  const hint = 'make a hash of it: mkpasswd -m sha-512'
  return [{ severity: 'error', message: `vars.${name} is no hash of a password`, hint }]
}

/** crypt(5) of any method, with the stars and exclamation marks that lock an account. */
function isHash(value: unknown): boolean {
  if (typeof value !== 'string') return value === null || value === undefined
  return isSecretText(value.replace(/^!+/, '')) || /^[*!]+$/.test(value) || value.startsWith('grub.pbkdf2.')
}
