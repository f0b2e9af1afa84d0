import { Fault } from '../../src/fault.ts'
import { Templates } from '../../src/template/templates.ts'

/** Templates that are read from a map of names and texts; the map may be changed while they are used. */
export function templatesOf(texts: Record<string, string>): Templates {
  return new Templates({
    read(name) {
      const text = texts[name]
      return text === undefined ? undefined : { text, file: name }
    },
  })
}

/** One text for one machine. */
export function render(text: string, context: Record<string, unknown> = {}): string {
  return templatesOf({ 'a.hbs': text }).render('a.hbs', context, 'duncan')
}

/** What a rendering says when it fails: the code, the place and the sentence. */
export function complaintOf(work: () => unknown): string {
  try {
    return `no complaint: ${String(work())}`
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const { file, line } = error.detail
    return `${error.code} ${file}:${line}: ${error.message}`
  }
}
