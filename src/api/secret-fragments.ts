/** Letters of a secret by which it is known, also where only a piece of it stands. */
const gram = 12
/** Texts shorter than that stand everywhere by chance. */
const shortest = 4

/**
 * Finds the values of secrets in a text that somebody else wrote, in the forms that templates and shells give them, whole or in pieces of
 * twelve characters. Linear in the text and in the secrets.
 */
export class SecretFragments {
  readonly #byLength = new Map<number, Set<string>>()
  /** Where a piece may begin, by a sum of its first four letters: most of a text is passed over by that alone. */
  readonly #begins = new Uint8Array(1 << 16)

  constructor(secrets: readonly string[]) {
    for (const form of new Set(secrets.flatMap(formsOf))) this.#add(form)
  }

  hide(text: string, mark: string): string {
    if (this.#byLength.size === 0) return text
    const pieces: string[] = []
    let shown = 0
    for (let at = 0; at + shortest <= text.length; at++) {
      if (this.#begins[beginOf(text, at)] === 0) continue
      const length = this.#longestAt(text, at)
      if (length === 0 || at + length <= shown) continue
      if (at > shown || pieces.length === 0) pieces.push(text.slice(shown, at), mark)
      shown = at + length
    }
    return pieces.length === 0 ? text : pieces.join('') + text.slice(shown)
  }

  /** 0 when nothing begins there. */
  #longestAt(text: string, at: number): number {
    for (let length = gram; length >= shortest; length--)
      if (this.#byLength.get(length)?.has(text.slice(at, at + length))) return length
    return 0
  }

  #add(form: string): void {
    if (form.length < shortest) return
    const length = Math.min(form.length, gram)
    const known = this.#byLength.get(length) ?? new Set()
    this.#byLength.set(length, known)
    for (let at = 0; at + length <= form.length; at++) {
      known.add(form.slice(at, at + length))
      this.#begins[beginOf(form, at)] = 1
    }
  }
}

function beginOf(text: string, at: number): number {
  const first = Math.imul(text.charCodeAt(at), 31) + text.charCodeAt(at + 1)
  const second = Math.imul(text.charCodeAt(at + 2), 31) + text.charCodeAt(at + 3)
  return (Math.imul(first, 2053) + second) & 0xffff
}

/** A value as templates, shells and installers may have written it; and each of its lines, where it has several. */
function formsOf(secret: string): string[] {
  const plain = [
    secret,
    secret.replaceAll("'", String.raw`'\''`),
    secret.replaceAll(/["$\\`]/g, String.raw`\$&`),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll(/[&<>"'-]/g, (character) => `&#${character.charCodeAt(0)};`),
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    ...(secret.isWellFormed() ? [encodeURIComponent(secret)] : []),
  ]
  if (secret.length < shortest) return []
  const texts = [...new Set(plain)]
  const encoded = texts.flatMap(base64s)
  return [...texts, ...encoded, ...base64s(Buffer.from(secret).toString('base64')), Buffer.from(secret).toString('hex')]
}

/** As it stands inside of a longer text that is encoded whole: each of the three ways in which its bytes may fall, without the edges. */
function base64s(text: string): string[] {
  const bytes = Buffer.from(text)
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const core = whole.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
    return core.includes('+') || core.includes('/') ? [core, core.replaceAll('+', '-').replaceAll('/', '_')] : [core]
  })
}
