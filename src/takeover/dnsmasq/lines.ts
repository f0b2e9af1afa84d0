import { readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { findBeside, isWithin, readTree } from '../network/text.ts'
import type { LeftList } from '../told.ts'

/** `dhcp-host=52:54:00:77:00:01,alder`: a keyword, and what stands behind it. */
export interface Setting {
  readonly keyword: string
  /** Split at commas. */
  readonly values: readonly string[]
  readonly file: string
  readonly line: number
}

/** A dnsmasq.conf with what it includes, as long as that lies in its directory. */
export function readDnsmasqFile(first: string, left: LeftList): readonly Setting[] {
  const settings: Setting[] = []
  const base = dirname(resolve(first))
  readTree(first, left, ({ file, text }, include) => {
    const bare = kindOf(file, settings)
    for (const [index, raw] of text.split('\n').entries()) {
      const setting = bare === undefined ? lineOf(raw, file, index + 1) : bareLine(raw, bare, file, index + 1)
      if (!setting) continue
      const { keyword, values, line } = setting
      const [name = '', ...more] = values
      if (keyword === 'conf-file') include(name, line)
      else if (keyword === 'conf-dir') for (const each of filesIn(name, more, base)) include(each, line)
      else settings.push(setting)
      if (keyword === 'conf-dir' && directoryAt(name, base) === undefined)
        left.add(
          file,
          `conf-dir ${name.slice(0, 200)} is not there, or outside of the directory of the first file`,
          line,
        )
      if (keyword === 'dhcp-hostsfile' || keyword === 'dhcp-optsfile') include(name, line)
    }
  })
  return settings
}

/** Files of hosts and options have lines without their keyword. */
function kindOf(file: string, settings: readonly Setting[]): 'dhcp-host' | 'dhcp-option' | undefined {
  const last = settings.at(-1)
  const named = last && file.endsWith((last.values[0] ?? '').replace(/^.*\//, '/'))
  if (named && last.keyword === 'dhcp-hostsfile') return 'dhcp-host'
  return named && last.keyword === 'dhcp-optsfile' ? 'dhcp-option' : undefined
}

function lineOf(raw: string, file: string, line: number): Setting | undefined {
  const text = withoutComment(raw)
  if (text === '') return undefined
  const [, keyword = '', value = ''] = /^([^=\s]+)\s*(?:=\s*)?(.*)$/s.exec(text) ?? []
  return { keyword: keyword.toLowerCase(), values: valuesOf(value), file, line }
}

function bareLine(raw: string, keyword: string, file: string, line: number): Setting | undefined {
  const text = withoutComment(raw)
  return text === '' ? undefined : { keyword, values: valuesOf(text), file, line }
}

/** A # begins a comment at the start of a line or behind a blank, outside of quotes. */
function withoutComment(raw: string): string {
  let quoted = false
  for (let at = 0; at < raw.length; at++) {
    if (raw[at] === '"') quoted = !quoted
    else if (raw[at] === '#' && !quoted && (at === 0 || /\s/.test(raw[at - 1]!))) return raw.slice(0, at).trim()
  }
  return raw.trim()
}

function valuesOf(text: string): readonly string[] {
  const values: string[] = []
  let [value, quoted] = ['', false]
  for (const sign of text) {
    if (sign === '"') quoted = !quoted
    else if (sign === ',' && !quoted) {
      values.push(value.trim())
      value = ''
    } else value += sign
  }
  return text === '' ? [] : [...values, value.trim()]
}

/** `conf-dir=/etc/dnsmasq.d,*.conf`: those that end so; `.bak`: all but those that end so. */
function filesIn(name: string, patterns: readonly string[], base: string): readonly string[] {
  const directory = directoryAt(name, base)
  if (directory === undefined) return []
  const wanted = patterns.filter((pattern) => pattern.startsWith('*')).map((pattern) => pattern.slice(1))
  const unwanted = patterns.filter((pattern) => !pattern.startsWith('*'))
  return readdirSync(directory)
    .toSorted()
    .filter((file) => !/^\.|^#.*#$|~$/.test(file))
    .filter((file) => wanted.length === 0 || wanted.some((end) => file.endsWith(end)))
    .filter((file) => !unwanted.some((end) => file.endsWith(end)))
    .map((file) => join(directory, file))
}

function directoryAt(name: string, base: string): string | undefined {
  const isDirectory = (path: string): boolean => {
    try {
      return readdirSync(path).length >= 0 && isWithin(path, base)
    } catch {
      return false
    }
  }
  return findBeside(name, base, isDirectory)
}
