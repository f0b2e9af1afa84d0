import { OldFiles } from '../takeover/old-files.ts'

/** What a Cobbler server kept: its texts are believed only when they are texts. */
export class OldTree extends OldFiles {
  /** The text of a regular file; undefined when it is not there, or no text. */
  override text(path: string, most?: number): string | undefined {
    const bytes = this.bytes(path, most)
    if (!bytes) return undefined
    const zero = bytes.indexOf(0)
    if (zero >= 0)
      return this.refuse(path, 'holds a NUL, so it is no text', linesOf(bytes.subarray(0, zero).toString()))
    const text = bytes.toString()
    const odd = text.indexOf('\uFFFD')
    if (odd < 0 || Buffer.from(text).equals(bytes)) return text.replace(/^\uFEFF/, '')
    return this.refuse(path, 'is not UTF-8', linesOf(text.slice(0, odd)))
  }
}

function linesOf(text: string): number {
  return text.split('\n').length
}
