import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Complaint, Problem } from './problem.ts'
import { quote } from './problem.ts'
import type { Slices } from './slices.ts'

/** A file of the site directory as it was found: its text, and a digest to know it again. */
export interface SiteFile {
  readonly file: string
  readonly text: string
  readonly digest: string
}

export interface SiteFiles {
  readonly files: readonly SiteFile[]
  readonly problems: readonly Problem[]
}

const limits = { file: 16 * 1024 ** 2, site: 100 * 1024 ** 2 }

/** Reads each `*.yaml` at the top level, in the order of their names. Never throws: what cannot be read is a problem. */
export function* readFiles(directory: string): Slices<SiteFiles> {
  const files: SiteFile[] = []
  const problems: Problem[] = []
  let total = 0
  for (const file of listFiles(directory, problems)) {
    const found = yield* readOne(directory, file)
    if ('message' in found) problems.push(problemAt(file, found))
    else if ((total += found.text.length) > limits.site) {
      problems.push(
        problemAt(file, { message: 'with this file the site holds more than 100 MiB', hint: 'make two sites of it' }),
      )
      break
    } else files.push(found)
  }
  return { files, problems }
}

/** The names at the top level that look like site files, whatever they are on disk. */
export function siteFileNames(directory: string): string[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.yaml') && !file.startsWith('.') && !file.startsWith('#'))
    .toSorted()
}

function listFiles(directory: string, problems: Problem[]): readonly string[] {
  try {
    const names = siteFileNames(directory)
    for (const file of readdirSync(directory).filter((each) => /^[^.#].*\.yml$/.test(each))) {
      problems.push(
        problemAt(file, { message: 'is not read', hint: `name it ${file.slice(0, -3)}yaml`, severity: 'warning' }),
      )
    }
    if (names.length === 0) problems.push(problemAt(directory, empty))
    return names
  } catch (error) {
    const hint = 'name the site directory with --site or BIRNAM_SITE'
    problems.push(problemAt(directory, { message: `the site directory cannot be read: ${reason(error)}`, hint }))
    return []
  }
}

const empty: Complaint = {
  message: 'the site directory holds no *.yaml',
  hint: 'write birnam.yaml for the server and fleet.yaml for the machines; docs/configuration.md shows both',
  severity: 'warning',
}

/** Megabytes are read, decoded and digested, each a piece of its own. */
function* readOne(directory: string, file: string): Slices<SiteFile | Complaint> {
  try {
    const path = join(directory, file)
    const outside = refuseLink(directory, path) ?? refuseKind(path)
    if (outside) return outside
    const bytes = readFileSync(path)
    yield
    const text = decode(bytes)
    if (typeof text !== 'string') return text
    yield
    return { file, text, digest: createHash('sha256').update(bytes).digest('hex') }
  } catch (error) {
    return { message: `cannot be read: ${reason(error)}`, hint: 'mend the file or its permissions, or take it away' }
  }
}

/** A link may lead to another file of the site (so mount ConfigMaps), never out of it. */
function refuseLink(directory: string, path: string): Complaint | undefined {
  if (!lstatSync(path).isSymbolicLink()) return undefined
  if (realpathSync(path).startsWith(realpathSync(directory) + sep)) return undefined
  return { message: 'is a link that leads out of the site directory', hint: 'copy the file into the site' }
}

function refuseKind(path: string): Complaint | undefined {
  const found = statSync(path)
  if (!found.isFile()) return { message: 'is not a regular file', hint: 'rename it or take it away' }
  if (found.size <= limits.file) return undefined
  return { message: `is larger than ${limits.file / 1024 ** 2} MiB`, hint: 'spread the machines over several files' }
}

const control = /[^\P{Cc}\t\n\r\u0085]/u

/** UTF-8, with or without a byte order mark. */
function decode(bytes: Buffer): string | (Complaint & { readonly offset: number; readonly text: string }) {
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  const text = new TextDecoder('utf-8').decode(bytes)
  const wrong = utf16 ? 0 : text.search(/\ufffd/)
  if (utf16 || (wrong >= 0 && !isUtf8(bytes))) {
    return { message: utf16 ? 'is UTF-16' : 'is not UTF-8', hint: 'save it as UTF-8', offset: wrong, text }
  }
  const odd = text.search(control)
  if (odd < 0) return text
  return { message: `holds the control character ${quote(text[odd]!)}`, hint: 'take it out', offset: odd, text }
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

function problemAt(file: string, complaint: Complaint & { readonly offset?: number; readonly text?: string }): Problem {
  const { message, hint, severity = 'error', offset, text } = complaint
  const line = offset === undefined || text === undefined ? 0 : text.slice(0, offset).split('\n').length
  return { file, line, field: '', message, hint, severity }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EACCES: 'it is not permitted',
  ENOTDIR: 'it is not a directory',
  ELOOP: 'its link leads in a circle',
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  return reasons[code] ?? error.message
}
