import { tagOf, type Mark } from './disguise.ts'

/** Forms of secrets that nobody gave a name to, each found in one pass: hashes of crypt(3), tokens, and what stands behind a password's name. */
const forms: readonly RegExp[] = [
  /\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|argon2[a-z]{0,4})\$[^\s:'"]+/g,
  /(?<before>\b[0-9a-f]{12}-[0-9a-z]{8,9}-[0-9a-f]{20}\.)[0-9a-f]{32}(?![0-9a-f])/g,
  /(?<before>:\/\/[^\s/@:'"]*:)[^\s/@'"]+(?<after>@)/g,
  /(?<before>pass(?:word|wd|phrase)=)(?!\{\{|["']?\(hidden)(?:"[^"\n]*"|'[^'\n]*'|[^\s,;&]+)/gi,
  /(?<before>^[ \t]*rootpw[ \t]+(?:--\S+[ \t]+)*)(?!--)\S+/gm,
  /(?<before>^[ \t]*\S+[ \t]+\S+[ \t]+password[ \t]+)\S.*$/gm,
]

/** What a person wrote into a template, or an installer into its log, instead of a variable with a name. A help, not the rule: see `disguised`. */
export function withoutLiterals(text: string, mark: Mark): string {
  return forms.reduce(
    (all, form) => all.replaceAll(form, (...found) => replacement(found, mark)),
    withoutPrivateKeys(text, mark),
  )
}

function replacement(found: readonly unknown[], mark: Mark): string {
  const groups = found.at(-1) as { readonly before?: string; readonly after?: string } | string
  const shown = mark(tagOf(String(found[0])))
  return typeof groups === 'string' ? shown : `${groups.before ?? ''}${shown}${groups.after ?? ''}`
}

const begin = '-----BEGIN '
const kindEnd = 'PRIVATE KEY-----'

/** From `-----BEGIN … PRIVATE KEY-----` to its end, or to the end of the text. */
function withoutPrivateKeys(text: string, mark: Mark): string {
  let shown = ''
  let from = 0
  for (let at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, Math.max(from, at + 1))) {
    const kind = text.slice(at + begin.length, at + begin.length + 40)
    const length = kind.indexOf(kindEnd)
    if (length < 0) continue
    const endLine = `-----END ${kind.slice(0, length)}${kindEnd}`
    const end = text.indexOf(endLine, at)
    const stop = end < 0 ? text.length : end + endLine.length
    shown += text.slice(from, at) + mark(tagOf(text.slice(at, stop)))
    from = stop
  }
  return shown + text.slice(from)
}
