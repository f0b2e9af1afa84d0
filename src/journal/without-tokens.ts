import { createHash } from 'node:crypto'

const words = /[A-Za-z0-9_.-]+/g
/** `http://user:password@`: each `://` is looked at once, up to the next slash or blank. */
const userInfo = /:\/\/([^\s/@:'"]*):[^\s/@'"]*@/g

/**
 * A text without what opens anything: tokens of boot sessions, updates, captures and registries, and passwords in URLs. It is the one
 * place for it: the journal passes every event through it and the log every line. A token is told by a short form of its own, so that two
 * lines about the same one can be put together. Linear in the text.
 */
export function withoutTokens(text: string): string {
  // Nothing shorter is a token, and most of what is told is shorter.
  if (text.length < 16) return text
  const shown = text.replaceAll(words, (word, at: number) => (word.length < 20 ? word : wordWithout(word, text, at)))
  return shown.includes('://') ? shown.replaceAll(userInfo, '://$1:(hidden)@') : shown
}

function wordWithout(word: string, text: string, at: number): string {
  if (isRegistryToken(word) || isAfter(text, at, 'c/') || isAuthorization(text, at)) {
    const token = /^[A-Za-z0-9_-]+/.exec(word)?.[0] ?? ''
    if (token.length >= 20 && (!isAfter(text, at, 'c/') || isHex(token, 40)))
      return shortOf(token) + word.slice(token.length)
  }
  return word.includes('.') ? withoutSeals(word) : word
}

/** `ID.SEAL` of a boot session, whose id is no secret, and `TEXT.SEAL` of an update. */
function withoutSeals(word: string): string {
  const parts = word.split('.')
  for (let n = 1; n < parts.length; n++) {
    const [head, seal] = [parts[n - 1]!, parts[n]!]
    if (!isHex(seal, 32) || head.length < 16) continue
    parts[n] = shortOf(`${head}.${seal}`)
    if (!isSessionId(head)) parts[n - 1] = ''
  }
  return parts.join('.')
}

function isSessionId(text: string): boolean {
  return /^[0-9a-f]{12}-[0-9a-z]{8,9}-[0-9a-f]{20}$/.test(text)
}

function isRegistryToken(word: string): boolean {
  return word.startsWith('birnam_') && word.length >= 50
}

/** A path of its own, and not the end of another word. */
function isAfter(text: string, at: number, prefix: string): boolean {
  return text.startsWith(prefix, at - prefix.length) && !/[A-Za-z0-9_.-]/.test(text[at - prefix.length - 1] ?? '')
}

function isAuthorization(text: string, at: number): boolean {
  return /(?:bearer|basic) $/i.test(text.slice(Math.max(0, at - 7), at))
}

function isHex(text: string, length: number): boolean {
  return text.length === length && /^[0-9a-f]+$/.test(text)
}

function shortOf(token: string): string {
  return `(token-${createHash('sha256').update(token).digest('hex').slice(0, 8)})`
}
