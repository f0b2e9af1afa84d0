import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { formatProblem } from '../../src/config/problem.ts'
import { readSite } from '../../src/config/read.ts'
import type { Site } from '../../src/config/site.ts'

/** A site directory of its own for one test; gone when the test ends. */
export function siteOf(files: Readonly<Record<string, string | Buffer>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'birnam-site-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) write(directory, name, text)
  return directory
}

export function write(directory: string, name: string, text: string | Buffer): void {
  mkdirSync(dirname(join(directory, name)), { recursive: true })
  writeFileSync(join(directory, name), text)
}

/** All that is said about a site, one line each. */
export function said(files: Readonly<Record<string, string | Buffer>>): string[] {
  const directory = siteOf(files)
  return readSite(directory).problems.map((problem) => formatProblem(problem).replaceAll(directory, 'SITE'))
}

/** A site that has no errors; warnings may be. */
export function good(files: Readonly<Record<string, string | Buffer>>): Site {
  const { site, problems } = readSite(siteOf(files))
  if (!site) throw new Error(problems.map(formatProblem).join('\n'))
  return site
}
