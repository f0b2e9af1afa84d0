/**
 * Writes a Handlebars template whose rendering is exactly what is given: braces of the text stay braces, and a line end that Handlebars would take
 * away with a tag that stands alone is kept, unless the old language took it away as well.
 */
export class Writer {
  readonly #out: string[] = []
  /** What stands in the last line of it. */
  #line = ''
  #text = ''
  /** What stands last is a tag or a value, not text. */
  #afterTag = false
  /** A tag stands alone in its line so far, behind these blanks, and its line shall stay. */
  #lone: string | undefined

  text(text: string): void {
    this.#text += text
  }

  value(code: string): void {
    this.#flush(true)
    this.#add(`{{${code}}}`)
    this.#afterTag = true
    this.#lone = undefined
  }

  /** A block's tag or the call of a part; with `eats` it takes its line away. */
  tag(code: string, eats: boolean): void {
    this.#flush(true)
    const head = this.#line
    this.#lone = undefined
    this.#add(`{{${code}}}`)
    this.#afterTag = true
    if (head.trim() !== '') return
    if (eats && head === '') {
      this.#add('\n')
      this.#afterTag = false
    } else this.#lone = head
  }

  end(): string {
    const alone = this.#lone !== undefined && this.#lone !== '' && this.#text === ''
    this.#flush(false)
    if (alone) this.#add(nothing)
    return this.#out.join('')
  }

  #add(text: string): void {
    this.#out.push(text)
    const end = text.lastIndexOf('\n')
    this.#line = end < 0 ? this.#line + text : text.slice(end + 1)
  }

  #flush(beforeTag: boolean): void {
    if (this.#text === '') return
    const text = this.#text
    this.#text = ''
    if (this.#lone !== undefined) this.#keepLine(this.#lone, text)
    this.#lone = undefined
    const parts = text.split(/(\{{2,})/)
    parts.forEach((part, index) => {
      if (index % 2 === 1) this.#braces(part)
      else this.#plain(part, beforeTag || index < parts.length - 1)
    })
  }

  /** Handlebars would take the line of this tag away. */
  #keepLine(head: string, text: string): void {
    if (!/^\s*?\r?\n/.test(text) && text.trim() !== '') return
    if (head === '' && /^\r?\n/.test(text)) {
      this.#add('\n')
      this.#afterTag = false
    } else this.#add(nothing)
  }

  #plain(part: string, beforeTag: boolean): void {
    let text = part
    const closing = this.#afterTag ? /^\}+/.exec(text)?.[0] : undefined
    if (closing !== undefined) {
      this.#braces(closing)
      text = text.slice(closing.length)
    }
    const opening = beforeTag && text.endsWith('{')
    if (opening) text = text.slice(0, -1)
    if (text !== '') {
      // A backslash before two braces would be one that escapes them.
      this.#add((opening || beforeTag) && text.endsWith('\\') ? `${text}\\` : text)
      this.#afterTag = false
    }
    if (opening) this.#braces('{')
  }

  #braces(run: string): void {
    for (let at = 0; at < run.length; at += 1000) this.#add(`{{concat "${run.slice(at, at + 1000)}"}}`)
    this.#afterTag = true
  }
}

const nothing = '{{concat ""}}'
