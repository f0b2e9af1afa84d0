import { Fault } from '../fault.ts'
import { endOfList, listFormat } from './capture-listing.ts'
import { quote } from './capture-shell.ts'
import { packWords } from './extract-words.ts'

const probeMark = 'birnam-probe-1'

/** One line of shell: who we are, which machine, what is mounted, what its tar and its find can. Parts are ended by zero bytes. */
export const probeLine = [
  'LC_ALL=C; export LC_ALL',
  `printf '\\n${probeMark}\\0'`,
  'id -u',
  "printf '\\0'",
  'cat /etc/machine-id 2>/dev/null',
  "printf '\\0'",
  'cat /proc/self/mountinfo',
  "printf '\\0'",
  'tar --version 2>&1',
  "printf '\\0'",
  'tar --help 2>&1',
  "printf '\\0'",
  'find --version 2>&1',
  `printf '\\0=\\0'\n`,
].join('; ')

export interface Probe {
  readonly uid: number
  readonly machine: string
  readonly mountinfo: string
  readonly tarHelp: string
}

const partsOfProbe = 8

/** Undefined until all of it is there. Throws `capture-failed` when the machine cannot be captured with what it has. */
export function readProbe(text: string): { probe: Probe; rest: string } | undefined {
  // Whatever a login shell prints first is passed over.
  const start = text.indexOf(`\n${probeMark}\0`)
  if (start < 0) return undefined
  const parts = text.slice(start + 1).split('\0')
  if (parts.length <= partsOfProbe) return undefined
  const [, uid = '', machine = '', mountinfo = '', tarVersion = '', tarHelp = '', findVersion = ''] = parts
  if (!tarVersion.includes('GNU tar')) throw lacks('GNU tar', tarVersion)
  if (!findVersion.includes('GNU findutils')) throw lacks('GNU find', findVersion)
  return {
    probe: { uid: Number(uid.trim()), machine: machine.trim(), mountinfo, tarHelp },
    rest: parts.slice(partsOfProbe).join('\0'),
  }
}

function lacks(what: string, said: string): Fault {
  const line = said.trim().split('\n')[0]?.slice(0, 100) ?? ''
  return new Fault('capture-failed', `the machine has no ${what}${line === '' ? '' : `: it says "${line}"`}`, {
    hint: `install ${what === 'GNU tar' ? 'tar' : 'findutils'} there, or capture a tarball of it`,
  })
}

/** One line: lists everything on the file systems that start there. A newline in a mount point cannot be said on one line. */
export function listLine(start: readonly string[]): string {
  const roots = start.filter((root) => !root.includes('\n')).map(quote)
  return `find ${roots.join(' ')} -xdev -printf '${listFormat}'; printf '${endOfList}\\0%s\\0' $?\n`
}

/** One line: reads that many bytes of names from what follows, and prints a sum and a name for each. */
export function sumLine(base: string, bytes: number): string {
  return `cd ${quote(base)} && head -c ${bytes} | xargs -0 -r sha256sum -z --; printf '${endOfList}\\0'\n`
}

/** One line: packs the names that follow, until their end; the shell's exit status is tar's. */
export function packLine(base: string, tarHelp: string): string {
  return `${packWords(base, tarHelp).map(quote).join(' ')}; exit $?\n`
}

/** Names as tar and sha256sum take them: each ended by a zero byte, none that could be an option. */
export function nameList(paths: readonly string[]): Buffer {
  return Buffer.from(
    paths.map((path) => `${path === '' ? '.' : path.startsWith('-') ? `./${path}` : path}\0`).join(''),
    'latin1',
  )
}
