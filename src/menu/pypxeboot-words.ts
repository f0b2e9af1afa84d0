import type { Complain } from './menu-problem.ts'
import { pad } from './pxelinux.ts'
import type { MenuLine } from './pypxeboot-lines.ts'
import { hidden } from './sound.ts'

/**
 * The words of one APPEND. pypxeboot puts them into a dictionary: `key=value` sets, a bare word sets the key before it to
 * nothing. Values are not told, they may be secret.
 */
export function checkWords(line: MenuLine, kernel: MenuLine | undefined, complain: Complain): void {
  const words = line.value.split(/\s+/).filter((word) => word !== '')
  const reading: Reading = {
    values: new Map(),
    key: undefined,
    say: (severity, message, hint) => complain(severity, line.number, message, hint),
  }
  for (const word of words) checkWord(word, reading)
  if ([...reading.values.keys()].every((key) => key === 'initrd')) {
    reading.say('error', 'APPEND holds nothing but initrd=', `pypxeboot prints an unbalanced quote then: add ${pad}`)
  }
  const initrd = reading.values.get('initrd')
  if (initrd && kernel) checkInitrd(initrd, kernel, reading)
}

interface Reading {
  readonly values: Map<string, string | undefined>
  /** The key that the next bare word erases. */
  key: string | undefined
  readonly say: (severity: 'error' | 'warning', message: string, hint: string) => void
}

function checkWord(word: string, reading: Reading): void {
  const [key = '', value, ...more] = word.split('=')
  if (word.includes("'"))
    reading.say('error', `the word ${hidden(word)} holds a quote`, 'it ends the line that pypxeboot prints')
  if (value === undefined) return checkBare(word, reading)
  if (more.length > 0)
    reading.say(
      'error',
      `the word ${hidden(word)} holds a second =`,
      'pypxeboot dies of it: put the value behind a URL without =',
    )
  if (key === 'kernel') reading.say('error', 'pypxeboot drops the word kernel=…', 'use another name')
  if (key === 'initrd' && reading.values.has('initrd')) {
    reading.say('error', 'a second initrd=', 'PXELINUX loads the first, pypxeboot the last: leave one')
  } else if (reading.values.has(key) && key !== keyOf(pad)) {
    reading.say('warning', `pypxeboot keeps only the last ${key}=…`, 'put the one that a Xen guest needs last')
  }
  reading.values.set(key, value)
  reading.key = key
}

/** `ro=1 ro` loses nothing, and after the pad there is nothing to lose. */
function checkBare(word: string, reading: Reading): void {
  const { key, values, say } = reading
  if (key === undefined) {
    say('error', `pypxeboot dies of the bare word ${hidden(word)} at the beginning`, `begin with initrd=… or ${pad}`)
    return
  }
  if (key !== keyOf(pad) && key !== word) {
    if (values.get(key) !== undefined)
      say(
        'error',
        `the bare word ${hidden(word)} makes pypxeboot forget the value of ${key}=…`,
        `write ${pad} before it`,
      )
    else
      say('warning', `pypxeboot loses the bare word ${hidden(word)}`, `write ${pad} before it, if metal alone needs it`)
  }
  values.set(key, undefined)
}

function checkInitrd(initrd: string, kernel: MenuLine, { say }: Reading): void {
  if (initrd.includes(','))
    say(
      'warning',
      'pypxeboot asks for one file of the name that initrd= has, commas and all',
      'join the files into one for Xen guests',
    )
  if (/[()'"]/.test(initrd))
    say('error', 'the initrd name holds quotes or parentheses', 'they end the line that pypxeboot prints')
  if (baseName(initrd) === baseName(kernel.value))
    say('error', 'kernel and initrd have the same last name', 'pypxeboot saves both under it: rename one')
}

function keyOf(word: string): string {
  return word.split('=', 1)[0]!
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}
