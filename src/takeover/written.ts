import { constants, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { formatServer, formatSite } from '../config/export.ts'
import type { Distro, Group, Machine, Profile, Site } from '../config/site.ts'
import { putInto, refuseMisfit, refuseTaken } from './put.ts'

/** What an import gives to a site, before anything is written. */
export interface Draft {
  /** Where the nouns stand: `dhcpd.yaml`. */
  readonly file: string
  /** One line above them: where they come from. */
  readonly head: string
  readonly machines?: readonly Machine[]
  readonly groups?: readonly Group[]
  readonly profiles?: readonly Profile[]
  readonly distros?: readonly Distro[]
  /** Machines that lack something: they stand as comments at the end, under that sentence. */
  readonly waiting?: { readonly why: string; readonly machines: readonly Machine[] }
  /** The same for profiles and their distros. */
  readonly later?: { readonly why: string; readonly profiles: readonly Profile[]; readonly distros: readonly Distro[] }
  /** Becomes `birnam.yaml` where the site has none; else stands as comments at the end. */
  readonly server?: Pick<Site, 'server' | 'vars'>
  /** What goes beside: templates, kernels. */
  readonly files?: readonly NewFile[]
}

/** A path in the site, and what stands in it: text, bytes, or a copy of the regular file `from` (absolute). */
export type NewFile = { readonly path: string; readonly mode?: number } & (
  { readonly text: string } | { readonly bytes: Uint8Array } | { readonly from: string }
)

export interface Written {
  /** Written, or that would be: relative to the site. */
  readonly files: readonly string[]
  /** Whether `birnam.yaml` is one of them; if not, what was for it stands as comments. */
  readonly server: boolean
}

/**
 * Writes a draft into a site, all of it or nothing; a dry run only looks. Throws `request-invalid` when one of its files is there already,
 * `config-invalid` when it does not fit to what the site holds.
 */
export function writeDraft(site: string, draft: Draft, { dryRun }: { readonly dryRun: boolean }): Written {
  const server = draft.server !== undefined && !existsSync(join(site, 'birnam.yaml'))
  const texts: Record<string, string> = {
    ...(server && { 'birnam.yaml': `${headOf(draft)}${formatServer(draft.server)}` }),
    [draft.file]: textOf(draft, server),
  }
  const beside = draft.files ?? []
  const files = [...beside.map(({ path }) => path), ...Object.keys(texts)]
  refuseTaken(site, files)
  refuseMisfit(site, texts)
  if (!dryRun)
    putInto(site, files, (stage) => {
      for (const file of beside) writeOne(join(stage, file.path), file)
      for (const [path, text] of Object.entries(texts)) writeOne(join(stage, path), { path, text })
    })
  return { files, server }
}

/** The YAML of a draft; with `server`, that part has a file of its own. */
function textOf(draft: Draft, server: boolean): string {
  const { machines = [], groups = [], profiles = [], distros = [], waiting, later } = draft
  return [
    headOf(draft),
    formatSite({ machines, groups, profiles, distros }),
    waiting && waiting.machines.length > 0 ? asComments(waiting.why, waitingText(waiting.machines)) : '',
    later && later.profiles.length > 0 ? asComments(later.why, formatSite({ machines: [], groups: [], ...later })) : '',
    draft.server && !server ? asComments('For birnam.yaml, which was there already:', formatServer(draft.server)) : '',
  ].join('')
}

function headOf({ head }: Draft): string {
  return `# ${head.replaceAll(/[^\P{Cc}]|[\u2028\u2029]/gu, ' ')}\n`
}

/** Without `machines:`, because they go under the one that is there. */
export function waitingText(machines: readonly Machine[]): string {
  return formatSite({ machines, groups: [], profiles: [], distros: [] }).split('\n').slice(1).join('\n')
}

export function asComments(why: string, text: string): string {
  const lines = text.trimEnd().split('\n')
  return ['', `# ${why}`, ...lines.map((line) => `# ${line}`.trimEnd()), ''].join('\n')
}

function writeOne(path: string, file: NewFile): void {
  mkdirSync(dirname(path), { recursive: true })
  const { mode = 0o644 } = file
  if ('from' in file) copyFileSync(file.from, path, constants.COPYFILE_FICLONE)
  else writeFileSync(path, 'text' in file ? file.text : file.bytes, { mode })
}
