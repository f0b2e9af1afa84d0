import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { checkPlace } from '../../src/app/check.ts'
import { loadSite } from '../../src/config/read.ts'
import type { Site } from '../../src/config/site.ts'
import type { Left } from '../../src/takeover/told.ts'

/** Files of an old server in a directory of their own, and a site that is not there yet; `link:` makes a link. */
export interface OldPlace extends Disposable {
  readonly directory: string
  readonly site: string
  at(name: string): string
  /** A file of the new site. */
  text(name: string): string
  load(): Site
  /** What `birnam check` calls an error. */
  errors(): Promise<readonly string[]>
}

export type OldFiles = Readonly<Record<string, string | Buffer>>

export function openOld(files: OldFiles): OldPlace {
  const directory = mkdtempSync(join(tmpdir(), 'birnam-taken-'))
  for (const [name, content] of Object.entries(files)) put(join(directory, name), content)
  const site = join(directory, 'site')
  return {
    directory,
    site,
    at: (name) => join(directory, name),
    text: (name) => readFileSync(join(site, name), 'utf8'),
    load: () => loadSite(site),
    async errors() {
      const { findings } = await checkPlace({ site })
      return findings.filter(({ severity }) => severity === 'error').map(({ message }) => message)
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  }
}

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true })
  if (typeof content === 'string' && content.startsWith('link:')) symlinkSync(content.slice('link:'.length), path)
  else writeFileSync(path, content)
}

/** `3 include …: it is not there`: line and sentence of each thing that was left. */
export function sentences(left: readonly Left[], part = ''): string[] {
  return left.map(({ line, why }) => `${line ?? ''} ${why}`.trim()).filter((sentence) => sentence.includes(part))
}
