import { basename } from 'node:path'
import type { OldBoot } from '../profiles/boot.ts'
import type { MenuEntry, OldChoice, OldConfig, OldMenu } from '../profiles/menu.ts'
import { kernelArgs, unset, Variables } from '../variables.ts'
import { readCommands, type Command } from './words.ts'

/** A grub.cfg as a menu; undefined for what is none. Without an entry it boots what its commands say. */
export function readGrub(text: string, file: string): OldConfig | undefined {
  const commands = readCommands(text)
  if (!commands) return undefined
  const variables = new Variables()
  const choices = choicesOf(commands, file, variables, 0)
  const menu: OldMenu = { tag: '.top', choices, timeout: 0 }
  if (choices.length > 0)
    return { menu: { ...menu, ...endOf(choices, variables) }, asks: true, shown: true, elsewhere: [] }
  const boot = bootOf(commands, variables)
  if (!boot) return { menu, asks: true, shown: true, elsewhere: [] }
  const entry: MenuEntry = { label: basename(file), boot, hidden: false, file, line: commands[0]?.line ?? 0 }
  return { menu: { ...menu, choices: [entry], unattended: entry }, asks: false, shown: false, elsewhere: [] }
}

function choicesOf(
  commands: readonly Command[],
  file: string,
  variables: Variables,
  depth: number,
): readonly OldChoice[] {
  const choices: OldChoice[] = []
  for (const command of commands) {
    const [first = '', second = ''] = command.words
    if (!command.block) setOf(command, variables)
    else if (first === 'submenu' && depth < 16)
      choices.push({
        menu: {
          tag: plain(second),
          title: plain(second),
          choices: choicesOf(command.block, file, variables.copy(), depth + 1),
          timeout: 0,
        },
      })
    else if (first === 'menuentry') {
      const boot = bootOf(command.block, variables.copy()) ?? { do: 'other', why: 'boots nothing that is known here' }
      choices.push({ label: plain(variables.expand(second)), boot, hidden: false, file, line: command.line })
    }
  }
  return choices
}

function setOf({ words, conditional }: Command, variables: Variables): void {
  const [first = '', second = ''] = words
  const [, name, value] = /^(\w+)=(.*)$/s.exec(first === 'set' ? second : first) ?? []
  // What a condition sets is not known.
  if (name !== undefined && !conditional) variables.set(name, value!)
}

function endOf(choices: readonly OldChoice[], variables: Variables): Pick<OldMenu, 'timeout' | 'unattended'> {
  const seconds = Number.parseInt(variables.get('timeout') ?? '', 10)
  if (!Number.isInteger(seconds) || seconds < 0) return { timeout: 0 }
  const wanted = variables.get('default') ?? '0'
  const named = choices.find((choice) => ('menu' in choice ? choice.menu.tag : choice.label) === plain(wanted))
  const unattended = named ?? choices[/^\d{1,4}$/.test(wanted) ? Number(wanted) : 0] ?? choices[0]
  return { timeout: Math.max(seconds, 1), ...(unattended && { unattended }) }
}

const quiet: ReadonlySet<string> = new Set(
  'set insmod echo load_video search true boot sleep savedefault recordfail gfxmode terminal_input terminal_output clear unset export serial loadfont background_image play net_bootp net_dhcp videoinfo cat ls sync keymap'.split(
    ' ',
  ),
)

/** What the commands of an entry boot; undefined when they boot nothing. */
function bootOf(commands: readonly Command[], variables: Variables): OldBoot | undefined {
  let kernel: readonly string[] | undefined
  const initrd: string[] = []
  for (const command of commands) {
    const [first = '', ...rest] = command.words
    const name = first.toLowerCase()
    if (/^\w+=/.test(first) || quiet.has(name)) setOf(command, variables)
    else if (command.conditional) return { do: 'other', why: `its ${name.slice(0, 40)} depends on a condition` }
    else if (/^linux(?:efi|16)?$/.test(name)) kernel = rest.map((word) => variables.expand(word))
    else if (/^initrd(?:efi|16)?$/.test(name)) initrd.push(...rest.map((word) => pathOf(variables.expand(word))))
    else if (name === 'exit' || (name === 'chainloader' && rest.at(-1) === '+1')) return { do: 'local' }
    else if (name === 'configfile' || name === 'source' || name === '.') {
      const file = pathOf(variables.expand(rest[0] ?? ''))
      return unset([file]) === undefined ? { do: 'menu', files: [file], shown: false } : { do: 'other', why: variable }
    } else
      return {
        do: 'other',
        why: `is started by ${/^[\w-]{1,40}$/.test(name) ? name : 'a command'} of GRUB, and nothing here does the same`,
      }
  }
  if (!kernel) return undefined
  const [named = '', ...words] = kernel
  const path = pathOf(named)
  const { args, sysappend } = kernelArgs(words)
  if (unset([path, ...initrd, ...args]) !== undefined) return { do: 'other', why: variable }
  return { do: 'linux', kernel: path, initrd, args: args.map(plain), sysappend }
}

const variable = 'has a variable that nothing in its file sets'

/** `(tftp)/x`, `(http,10.77.0.9)/x`, `($root)/x`: the path is what counts here. */
function pathOf(text: string): string {
  return plain(text.replace(/^\([^()]*\)/, '').replace(/^\$\{?prefix\}?\//, 'grub/'))
}

function plain(text: string): string {
  return text.replaceAll('\uE000', '$')
}
