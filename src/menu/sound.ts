import { Fault } from '../fault.ts'
import { isUrl, type Boot, type Entry, type Menu } from './menu.ts'

/**
 * What every loader can be told. Names, labels and words beyond this are refused, because the three loaders quote in three
 * ways and one of them (iPXE) not at all: a value that needs quoting somewhere is a value that breaks somewhere.
 * Throws a Fault that names the value; values of `key=value` words are left out of it, they may be secret.
 */
export function checkMenu(menu: Menu): void {
  if (!Number.isInteger(menu.timeout) || menu.timeout < 0 || menu.timeout > maxTimeout) {
    throw unsafe(`the menu's timeout is ${menu.timeout}`, `give whole seconds, at most ${maxTimeout}`)
  }
  const labels = menu.entries.map(({ label }) => label)
  const twice = labels.find((label, at) => labels.indexOf(label) !== at)
  if (twice !== undefined) throw unsafe(`two entries of the menu are called ${quoted(twice)}`, 'rename one of them')
  if (!labels.includes(menu.default))
    throw unsafe(`the menu has no entry ${quoted(menu.default)} to boot by default`, 'name one of its entries')
  for (const entry of menu.entries) checkEntry(entry)
}

const maxTimeout = 3600

function checkEntry({ label, title, boot }: Entry): void {
  if (!labelPattern.test(label)) {
    throw unsafe(
      `a menu entry cannot be called ${quoted(label)}`,
      'use letters, digits, dot, dash and underscore, 64 at most',
    )
  }
  if (!isLine(title) || title.length > 200) {
    throw unsafe(
      `the title ${quoted(title)} of menu entry ${label} is not one line of text`,
      'take the control characters out',
    )
  }
  if (boot.kind === 'kernel') checkKernel(boot)
}

function checkKernel({ kernel, initrd, args }: Extract<Boot, { kind: 'kernel' }>): void {
  for (const name of [kernel, ...initrd]) checkName(name)
  for (const word of args) checkWord(word)
}

function checkName(name: string): void {
  if (isUrl(name)) return checkUrl(name)
  if (namePattern.test(name) && !name.split('/').some((part) => part === '.' || part === '..') && name.length <= 120)
    return
  throw unsafe(
    `a loader cannot ask for a file called ${quoted(name)}`,
    'rename it: letters, digits and . _ + - ~ @, folders with /, 120 at most',
  )
}

/** As another server wrote it, which iPXE takes as it is. */
function checkUrl(url: string): void {
  if (/^[!-~]{1,500}$/.test(url) && !/['"\\#]|\$\{/.test(url)) return
  throw unsafe(`a loader cannot ask for ${quoted(url)}`, 'percent-encode what is not plain in it')
}

function checkWord(word: string): void {
  const why = faultOfWord(word)
  if (why !== undefined) throw unsafe(`the kernel argument ${hidden(word)} ${why[0]}`, why[1])
}

function faultOfWord(word: string): readonly [message: string, hint: string] | undefined {
  if (!/^[!-~]+$/.test(word))
    return [
      'is not plain ASCII without blanks',
      'take blanks, line breaks and accents out, or percent-encode them in a URL',
    ]
  // GRUB escapes these on their way to the kernel, a sxp line of pypxeboot ends at ', iPXE continues a line at \.
  if (/['"\\]/.test(word))
    return ['holds a quote or a backslash', 'loaders disagree about them; put the value into the answer file instead']
  if (/^initrd=/i.test(word)) return ['names an initrd', "list it under the profile's initrd: instead"]
  if (word.startsWith('BOOT_IMAGE=')) return ['is what loaders add themselves', 'leave it out']
  return undefined
}

// The first character may not be a dash: it would be an option to `goto` and `menuentry`.
const labelPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/
const namePattern = /^[A-Za-z0-9._+~@][A-Za-z0-9._+~@-]*(?:\/[A-Za-z0-9._+~@-]+)*$/

function isLine(text: string): boolean {
  return !/[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}]/u.test(text)
}

/** x86 kernels take 2047 bytes (COMMAND_LINE_SIZE) and PXELINUX as many (MAX_CMDLINE_LEN); what is longer loses its end. */
export function checkLength(line: string, label: string): string {
  if (line.length <= 2047) return line
  throw unsafe(
    `the kernel line of menu entry ${label} has ${line.length} characters`,
    'a kernel reads 2047; move values into the answer file',
  )
}

/** A comment is for people and may be changed: one line, nothing that a loader would expand, continue or end. */
export function commentLines({ comments }: Menu): readonly string[] {
  return comments.map(
    (comment) =>
      `# ${comment
        .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}$\\`]+/gu, ' ')
        .trim()
        .slice(0, 300)}`,
  )
}

export function unsafe(message: string, hint: string): Fault {
  return new Fault('menu-unsafe', message, { hint })
}

/** A word for messages: `url=…`, because a value may hold a token. */
export function hidden(word: string): string {
  const equals = word.indexOf('=')
  return equals < 0 ? quoted(word) : `${quoted(word.slice(0, equals)).slice(0, -1)}=…"`
}

export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text)
}
