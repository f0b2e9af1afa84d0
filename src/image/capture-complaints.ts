import { Fault } from '../fault.ts'
import type { PackVerdict } from './capture-source.ts'
import { cleanPath, printable } from './tar-entry.ts'

const changedForms = [/^(.*): file changed as we read it$/, /^(.*): File shrank by \d+ bytes; padding with zeros$/]
const goneForms = [
  /^(.*): File removed before we read it$/,
  /^(.*): (?:Warning: )?Cannot (?:stat|open|readlink|savedir): No such file or directory$/,
]
const harmless =
  /^Exiting with failure status|: socket ignored$|^Removing leading|: Warning: Cannot (?:llistxattr|lgetxattr|acl_get|fgetfilecon|lgetfilecon)/

/**
 * What GNU tar (with `--quoting-style=escape`, in the C locale) said while it packed. Files that change or vanish are named;
 * anything else that tar took for an error throws `capture-failed`, since the image would not be whole.
 */
export function judgeTar(status: number, complaints: readonly string[], source: string): PackVerdict {
  const changed = new Set<string>()
  const vanished = new Set<string>()
  const errors: string[] = []
  for (const line of complaints) {
    if (!line.startsWith('tar: ')) {
      if (status !== 0 && status !== 1 && line.trim() !== '') errors.push(line)
      continue
    }
    const text = line.slice('tar: '.length)
    const change = match(changedForms, text)
    const gone = match(goneForms, text)
    if (change !== undefined) changed.add(change)
    else if (gone !== undefined) vanished.add(gone)
    else if (!harmless.test(text)) errors.push(text)
  }
  // 1: some files differ; 2: also when a file was gone, and after any true error.
  const explained = vanished.size > 0 && errors.length === 0
  if (status === 0 || status === 1 || (status === 2 && explained))
    return { changed: [...changed], vanished: [...vanished] }
  const why =
    errors.length > 0
      ? errors
          .slice(0, 3)
          .map((error) => printable(error))
          .join(' · ')
      : `tar ended with ${status}`
  throw new Fault('capture-failed', `${source} could not be read whole: ${why}`, {
    hint: 'nothing was kept; the earlier versions are untouched',
  })
}

function match(forms: readonly RegExp[], text: string): string | undefined {
  for (const form of forms) {
    const found = form.exec(text)
    if (found) return cleanPath(unescape(found[1]!))
  }
  return undefined
}

function unescape(text: string): string {
  const named: Record<string, string> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' }
  return text.replace(/\\([0-7]{3}|.)/gs, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (named[code] ?? code),
  )
}
