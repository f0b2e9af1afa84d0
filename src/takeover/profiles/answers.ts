import type { Distro } from '../../config/site.ts'
import type { TftpRoot } from './root.ts'
import type { NewFile } from '../written.ts'

/** The template of an install: the old answer where it can be had, else one that makes the installer ask. */
export interface NewAnswer {
  readonly file: NewFile
  readonly copied: boolean
}

/** Undefined where an answer without content would not make the installer ask a person. */
export function answerFor(
  name: string,
  { family }: Pick<Distro, 'family'>,
  old: string | undefined,
  root: TftpRoot,
): NewAnswer | undefined {
  const path = `answers/${name}.${ends[family] ?? 'cfg'}.hbs`
  const text =
    old === undefined ? undefined : oldText(family === 'ubuntu' ? `${old.replace(/\/?$/, '/')}user-data` : old, root)
  if (text !== undefined) return { file: { path, text: literal(text) }, copied: true }
  const asking = asks[family]
  return asking === undefined ? undefined : { file: { path, text: asking }, copied: false }
}

const ends: Readonly<Partial<Record<Distro['family'], string>>> = {
  redhat: 'ks',
  suse: 'xml',
  ubuntu: 'yaml',
  ignition: 'ign',
}

const why =
  '# The old answer was not at hand: write here what it held. As it is, the installer asks a person before it touches a disk.\n'
const asks: Readonly<Partial<Record<Distro['family'], string>>> = {
  redhat: why,
  debian: why,
}

/** By TFTP it lies in the same tree; a web server often served that, too. Nothing is fetched. */
function oldText(wanted: string, root: TftpRoot): string | undefined {
  const [, path = wanted.includes(':') ? undefined : wanted] = /^(?:tftp|https?):\/\/[^/]*\/([^?#]+)/.exec(wanted) ?? []
  const file = path === undefined ? undefined : root.find(path)
  const text = file === undefined || typeof file === 'string' ? undefined : root.text(file)
  // An escape before two braces has a meaning of its own in templates.
  return text === undefined || text.includes('\\{{') ? undefined : text
}

/** As an answer is a template, two braces of another program are written so that they come out as they are. */
export function literal(text: string): string {
  return text.replaceAll('{{', '\\{{')
}
