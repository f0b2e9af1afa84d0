/** What pypxeboot 0.0.3 hands to Xen. */
export interface XenBoot {
  readonly kernel: string
  readonly initrd?: string
  /** In no order: it keeps them in a dictionary. An undefined value is a bare word. */
  readonly args: ReadonlyMap<string, string | undefined>
  /** The line it prints. */
  readonly sxp: string
}

interface Section {
  kernel?: string
  append?: Map<string, string | undefined>
  localboot?: string
}

/**
 * pypxeboot's reading of a menu, bugs and all: the names of its exceptions are thrown where it would die of them. Returns
 * `localboot` for an entry that it hands to pygrub.
 */
export function pypxeboot(text: string, label?: string): XenBoot | 'localboot' {
  const sections = new Map<string, Section>()
  let current: Section | undefined
  let chosen: string | undefined
  let key: string | undefined
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const [, word = '', value = ''] = /^(default|label|kernel|append|localboot) (.*)$/i.exec(line) ?? []
    if (word === '') continue
    switch (word.toLowerCase()) {
      case 'default':
        chosen = value
        break
      case 'label':
        sections.set(value, (current = {}))
        break
      case 'kernel':
        if (!current) throw new Error('AssertionError: kernel outside label')
        current.kernel = value
        break
      case 'append':
        if (!current) throw new Error('AssertionError: append outside label')
        key = readAppend((current.append = new Map()), value, key)
        break
      default:
        if (!current) throw new Error('KeyError: None')
        current.localboot = value
    }
  }
  return boot(sections, label ?? chosen)
}

function readAppend(
  append: Map<string, string | undefined>,
  value: string,
  last: string | undefined,
): string | undefined {
  let key = last
  for (const entry of value.split(/\s+/).filter(Boolean)) {
    const parts = entry.split('=')
    if (parts.length > 2) throw new Error('ValueError: too many values to unpack')
    if (parts.length === 2) append.set((key = parts[0]!), parts[1])
    else if (key === undefined) throw new Error('NameError: name k is not defined')
    else append.set(key, undefined)
  }
  return key
}

function boot(sections: ReadonlyMap<string, Section>, label: string | undefined): XenBoot | 'localboot' {
  const section = label === undefined ? undefined : sections.get(label)
  if (!section) throw new Error(`exit 1: no label ${label}`)
  if (section.localboot !== undefined) return 'localboot'
  if (!section.append) throw new Error('TypeError: argument of type NoneType is not iterable')
  if (section.kernel === undefined) throw new Error('KeyError: kernel')
  const args = new Map([...section.append].filter(([key]) => key !== 'kernel' && key !== 'initrd'))
  const initrd = section.append.get('initrd')
  return {
    kernel: section.kernel,
    ...(initrd !== undefined && { initrd }),
    args,
    sxp: print(section.kernel, initrd, section.append),
  }
}

function print(kernel: string, initrd: string | undefined, append: ReadonlyMap<string, string | undefined>): string {
  const saved = (name: string): string => `/var/lib/xen/${name.split('/').at(-1)}`
  let sxp = `linux (kernel ${saved(kernel)})`
  if (initrd !== undefined) sxp = `linux (kernel ${saved(kernel)})(ramdisk ${saved(initrd)})`
  sxp += "(args '"
  for (const [key, value] of append)
    if (key !== 'kernel' && key !== 'initrd') sxp += `${key}${value ? `=${value}` : ''} `
  return `${sxp.slice(0, -1)}')`
}
