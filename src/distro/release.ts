import { sumOf, type Sum } from './sums.ts'

/** Blocks of `Key: value` as Debian writes them (deb822); values of several lines keep their line ends. */
export function parseStanza(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  let key: string | undefined
  for (const line of text.split('\n')) {
    if (line === '' && fields.size > 0) break
    const field = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(line)
    if (field) fields.set((key = field[1]!.toLowerCase()), field[2]!.trim())
    else if (key !== undefined && /^\s/.test(line)) fields.set(key, `${fields.get(key)}\n${line.trim()}`)
  }
  return fields
}

export interface Release {
  readonly origin: string
  readonly label: string
  readonly codename: string
  readonly suite: string
  readonly version: string
  readonly architectures: readonly string[]
  readonly components: readonly string[]
  /** By path below `dists/CODENAME/`. */
  readonly sums: ReadonlyMap<string, Sum>
}

/** A Release file, or an InRelease with its signature around it. */
export function parseRelease(text: string): Release {
  const fields = parseStanza(signedPart(text))
  const of = (key: string): string => fields.get(key) ?? ''
  return {
    origin: of('origin'),
    label: of('label'),
    codename: of('codename'),
    suite: of('suite'),
    version: of('version'),
    architectures: words(of('architectures')),
    components: words(of('components')),
    sums: listed(of('sha256') === '' ? of('md5sum') : of('sha256'), of('sha256') === '' ? 'md5' : 'sha256'),
  }
}

/** The text within a clear-signed message (RFC 9580 §7); other texts as they are. */
export function signedPart(text: string): string {
  const match =
    /^-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:.+\r?\n)*\r?\n([^]*?)\r?\n-----BEGIN PGP SIGNATURE-----/m.exec(text)
  return match ? match[1]!.replaceAll(/^- /gm, '') : text
}

function listed(text: string, algorithm: string): ReadonlyMap<string, Sum> {
  const sums = new Map<string, Sum>()
  for (const line of text.split('\n')) {
    const [hex = '', , path] = words(line)
    const sum = sumOf(algorithm, hex)
    if (path !== undefined && sum) sums.set(path, sum)
  }
  return sums
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}
