import { basename } from 'node:path'
import type { OldBoot } from '../profiles/boot.ts'
import type { MenuEntry, OldChoice, OldConfig, OldMenu } from '../profiles/menu.ts'
import { kernelArgs, unset, Variables } from '../variables.ts'

/** A command of a script, with the conditions before it on its line taken off. */
interface Command {
  readonly words: readonly string[]
  readonly conditional: boolean
  readonly line: number
}

/** The parts of a script by their labels. */
class Sections extends Map<string, readonly Command[]> {
  /** Commands that may still be looked at: ten thousand items may lead to one long part. */
  steps = 500_000
}

const most = 50_000

/** A script of iPXE as a menu; undefined for what is none. Without an item it boots what its commands say. */
export function readIpxe(text: string, file: string): OldConfig | undefined {
  if (!text.startsWith('#!ipxe')) return undefined
  const sections = sectionsOf(text)
  const top = [...sections.values()].flat().slice(0, most)
  const variables = new Variables()
  const menu = menuOf(sections, top, file, variables)
  if (menu.choices.length > 0) return { menu, asks: true, shown: true, elsewhere: [] }
  const boot = bootOf(sections, sections.get('') ?? [], new Variables(), 0)
  const entry: MenuEntry = { label: basename(file, '.ipxe'), boot, hidden: false, file, line: 1 }
  return { menu: { ...menu, choices: [entry], unattended: entry }, asks: false, shown: false, elsewhere: [] }
}

function sectionsOf(text: string): Sections {
  const sections = new Sections()
  let current: Command[] = []
  sections.set('', current)
  for (const { text: raw, line } of joinedLines(text)) {
    const label = /^:(\S+)/.exec(raw)?.[1]
    if (label === undefined) current.push(...commandsOf(raw, line))
    else {
      const next: Command[] = []
      // A section that does not end goes on in the next one.
      current.push({ words: ['goto', label], conditional: false, line })
      if (!sections.has(label)) sections.set(label, next)
      current = next
    }
  }
  return sections
}

function joinedLines(text: string): readonly { readonly text: string; readonly line: number }[] {
  const lines: { text: string; line: number }[] = []
  let open: { text: string; line: number } | undefined
  for (const [index, raw] of text.split('\n').slice(0, most).entries()) {
    const line = raw.replace(/\r$/, '')
    const joined: { text: string; line: number } = open
      ? { text: open.text + line.trim(), line: open.line }
      : { text: line.trim(), line: index + 1 }
    open = joined.text.endsWith('\\') ? { ...joined, text: joined.text.slice(0, -1) } : undefined
    if (!open && joined.text !== '' && !joined.text.startsWith('#')) lines.push(joined)
  }
  return lines
}

/** `isset ${x} && kernel y || goto z`: all behind a test depend on it; `kernel y || goto failed` only says what follows a failure. */
function commandsOf(text: string, line: number): readonly Command[] {
  const commands: Command[] = []
  let conditional = false
  let skips = false
  for (const part of text.split(/\s+(?=(?:&&|\|\|)(?:\s|$))/)) {
    const [, mark, rest = ''] = /^(&&|\|\|)?\s*(.*)$/s.exec(part) ?? []
    skips = mark === '||' && !conditional
    const words = rest.split(/\s+/).filter((word) => word !== '')
    if (words.length > 0 && !skips) commands.push({ words, conditional, line })
    if (
      /^(?:iseq|isset|ifopen|ifstat|prompt|choose|login|sleep|cpuid|inc|test)$/.test(words[0] ?? '') &&
      words[0] !== 'choose'
    )
      conditional = true
  }
  return commands
}

function menuOf(sections: Sections, commands: readonly Command[], file: string, variables: Variables): OldMenu {
  const choices: OldChoice[] = []
  let title: string | undefined
  let wanted: string | undefined
  let timeout = 0
  for (const { words, line, conditional } of commands) {
    const [name, ...rest] = words
    if (name === 'set' && !conditional) variables.set((rest[0] ?? '').split(':')[0]!, rest.slice(1).join(' '))
    if (name === 'menu') title = rest.filter((word) => !word.startsWith('--')).join(' ')
    if (name === 'item') {
      const [label, ...shown] = plainWords(rest, ['--key', '-k', '--menu', '-m'])
      const isGap = rest.some((word) => word === '--gap' || word === '-g')
      if (label !== undefined && !isGap)
        choices.push({
          label: shown.join(' ').slice(0, 100) || label,
          boot: sectionBoot(sections, label, variables),
          hidden: false,
          file,
          line,
        })
      if (label !== undefined && !isGap && (rest.includes('--default') || rest.includes('-d'))) wanted = label
    }
    if (name === 'choose') {
      wanted = valueOf(rest, ['--default', '-d']) ?? wanted
      timeout = Math.ceil(Number(variables.expand(valueOf(rest, ['--timeout', '-t']) ?? '0')) / 1000) || timeout
    }
  }
  const labels = commands.flatMap(({ words: [name, ...rest] }) =>
    name === 'item' && !rest.some((word) => /^(?:--gap|-g)$/.test(word))
      ? [plainWords(rest, ['--key', '-k', '--menu', '-m'])[0]]
      : [],
  )
  const at = labels
    .filter((label) => label !== undefined)
    .indexOf(wanted === undefined ? undefined! : variables.expand(wanted))
  const unattended = choices[Math.max(at, 0)]
  return {
    tag: '.top',
    ...(title !== undefined && { title }),
    choices,
    timeout,
    ...(timeout > 0 && unattended && { unattended }),
  }
}

function plainWords(words: readonly string[], takesValue: readonly string[]): readonly string[] {
  return words.filter((word, at) => !word.startsWith('-') && !takesValue.includes(words[at - 1] ?? ''))
}

function valueOf(words: readonly string[], names: readonly string[]): string | undefined {
  const at = words.findIndex((word) => names.includes(word))
  return at < 0 ? undefined : words[at + 1]
}

/** What an item leads to: the section of its name; without one, what the script does with the choice is not known. */
function sectionBoot(sections: Sections, label: string, variables: Variables): OldBoot {
  const commands = sections.get(label)
  if (commands) return bootOf(sections, commands, variables.copy(), 0)
  if (label === 'exit' || label === 'local') return { do: 'local' }
  return { do: 'other', why: 'leads to no part of its script' }
}

const quiet: ReadonlySet<string> = new Set(
  'set clear echo dhcp ifopen ifconf ifstat route imgfree imgstat console colour color cpair sleep sync nstat params param isset iseq cpuid prompt menu item choose login certstat vcreate fcstat ntp inc'.split(
    ' ',
  ),
)

function bootOf(sections: Sections, commands: readonly Command[], variables: Variables, depth: number): OldBoot {
  let kernel: readonly string[] | undefined
  const initrd: string[] = []
  for (const { words, conditional } of commands) {
    if (--sections.steps < 0) return { do: 'other', why: 'stands in a script that is too long to be followed' }
    const [name = '', ...rest] = words.map((word) => variables.expand(word))
    if (name === 'set' && !conditional) variables.set((rest[0] ?? '').split(':')[0]!, rest.slice(1).join(' '))
    if (quiet.has(name)) continue
    if (conditional) return { do: 'other', why: `its ${shownOf(name)} depends on a condition` }
    const options = plainWords(rest, ['--name', '-n', '--timeout', '-t', '--drive', '-d', '--filename', '-f'])
    if (name === 'kernel' || name === 'imgselect' || name === 'imgload')
      kernel = rest.filter((_, at) => at >= rest.indexOf(options[0] ?? ''))
    else if (name === 'imgargs') kernel = kernel && [kernel[0]!, ...rest.slice(1)]
    else if (name === 'initrd' || name === 'imgfetch' || name === 'module') initrd.push(...options.slice(0, 1))
    else if (name === 'goto') {
      const next = sections.get(rest[0] ?? '')
      if (!next || depth >= 16 || kernel)
        return kernel ? linux(kernel, initrd) : { do: 'other', why: 'leads to no part of its script' }
      return bootOf(sections, next, variables, depth + 1)
    } else if (name === 'boot' || name === 'imgexec') {
      if (!kernel && options.length > 0) kernel = rest
      break
    } else if (name === 'exit' || (name === 'sanboot' && rest.some((word) => /^0x8[0-9a-f]$/i.test(word))))
      return { do: 'local' }
    else if (name === 'chain') {
      const file = pathOf(options[0] ?? '')
      if (unset([file]) !== undefined) return { do: 'other', why: variable }
      return /\.ipxe$/i.test(file)
        ? { do: 'menu', files: [file], shown: false }
        : { do: 'other', why: 'chains a program or a script that is no .ipxe file' }
    } else return { do: 'other', why: `is started by ${shownOf(name)} of iPXE, and nothing here does the same` }
  }
  return kernel ? linux(kernel, initrd) : { do: 'other', why: 'boots nothing that is known here' }
}

function linux([path = '', ...words]: readonly string[], initrd: readonly string[]): OldBoot {
  const { args, sysappend } = kernelArgs(words)
  const [kernel, ...files] = [path, ...initrd].map(pathOf)
  if (unset([kernel!, ...files, ...args]) !== undefined) return { do: 'other', why: variable }
  if (/(?:^|\/)(?:memdisk|wimboot|.*\.(?:efi|lkrn|pxe|0|c32|exe))$/i.test(kernel!))
    return {
      do: 'other',
      why: `is ${shownOf(kernel!.slice(kernel!.lastIndexOf('/') + 1))}, a program of its own and no Linux kernel`,
    }
  return { do: 'linux', kernel: kernel!, initrd: files, args, sysappend }
}

const variable = 'has a variable that nothing in its file sets'

function shownOf(name: string): string {
  return /^[\w.-]{1,60}$/.test(name) ? name : 'a command'
}

/** A URL of the old server: its path is looked for in the directory. */
function pathOf(text: string): string {
  return text
    .replace(/^[a-z]+:\/\/[^/]*\//i, '')
    .replace(/^(?:\$\{(?:cwduri|next-server|base-url|boot_url|baseurl)\}\/?)/, '')
    .replace(/[?#].*$/s, '')
}
