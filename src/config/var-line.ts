import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Origin } from './site.ts'

/** In a larger file the line of the noun will do: its variables are near. */
const most = 1 << 20

/**
 * The line of a variable inside of the noun that sets it, for a message; the noun's own line where none shows it. Lines of variables are
 * not kept with the site, because a fleet has very many of them.
 */
export function lineOfVar(directory: string, { file, line }: Origin, name: string): number {
  const lines = linesOf(join(directory, file)).slice(line - 1)
  const depth = indent(lines[0] ?? '')
  const end = lines.findIndex((text, at) => at > 0 && /^\s*[^\s#]/.test(text) && indent(text) <= depth)
  const own = lines.slice(0, end < 0 ? lines.length : end)
  const key = new RegExp(`(?:^|[\\s{,"'])${RegExp.escape(name)}["']?\\s*:`)
  const vars = own.findIndex((text) => /(?:^|[\s{,-])vars\s*:/.test(text))
  const found = own.findIndex((text, at) => at >= vars && key.test(text))
  return vars < 0 || found < 0 ? line : line + found
}

function linesOf(path: string): readonly string[] {
  try {
    return statSync(path).size > most ? [] : readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}

function indent(text: string): number {
  return /^\s*/.exec(text)![0].length
}
