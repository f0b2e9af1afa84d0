/**
 * What a machine's disks were called when it was installed last (`serial:…`, `wwn:…`, `table:…`): the disk guard wipes those again, and
 * no others that hold data.
 */
export interface DiskBook {
  known(machine: string): readonly string[]
  /** Durable when it returns; takes the place of what was known. `at` is milliseconds since 1970. */
  remember(machine: string, names: readonly string[], at: number): void
}

// What the guard prints: a kind, a colon, and no blanks, so that names can stand in a list.
const nameForm = /^(?:serial|wwn|table|path):[A-Za-z0-9._:+=/-]{1,160}$/
const most = 64

/** The names in a list that is apart by blanks; undefined when one of them is none. */
export function readDiskNames(text: string): readonly string[] | undefined {
  const names = text.split(/\s+/).filter((name) => name !== '')
  return names.length <= most && names.every((name) => nameForm.test(name)) ? names : undefined
}

/** What an operator may say of the disks of one install: their names, or `any`. */
export function readExpected(text: string): readonly string[] | undefined {
  return text === 'any' ? ['any'] : readDiskNames(text)
}
