import { createHmac, randomBytes } from 'node:crypto'
import { isSecretKey } from './secret-names.ts'

/** What stands for a secret in a text that is shown; `tag` tells two of them apart, in this run of the program alone. */
export type Mark = (tag: string) => string

const key = randomBytes(32)
const nonce = randomBytes(6).toString('hex')
const found = new RegExp(
  String.raw`(?:\$[\da-z]{1,10}\$|https?://)?birnamhidden${nonce}x([\da-f]{8})(?:\$z{40}|\.invalid/)?`,
  'g',
)

export function tagOf(secret: string): string {
  return createHmac('sha256', key).update(secret).digest('hex').slice(0, 8)
}

/**
 * Variables with a stand-in for each secret. What is rendered with them holds no secret in any form, whatever a template makes of it:
 * quoted, encoded, hashed or cut into pieces.
 */
export function disguised<Value>(value: Value, inSecret = false): Value {
  return disguise(value, inSecret) as Value
}

function disguise(value: unknown, isSecret: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => disguise(item, isSecret))
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, disguise(item, isSecretKey(name, isSecret))]),
    )
  if ((typeof value !== 'string' && typeof value !== 'number') || value === '') return value
  if (isSecret || isSecretText(String(value))) return standIn(String(value))
  return typeof value === 'string' && value.includes('://') ? withoutPasswords(value) : value
}

/** A value that is a secret whatever it is called. */
export function isSecretText(text: string): boolean {
  return /^\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|argon2[a-z]{0,4})\$./.test(text) || text.includes('PRIVATE KEY-----')
}

const password = /(:\/\/[^\s/@:'"]*:)([^\s/@'"]+)@/g

function withoutPasswords(text: string): string {
  return text.replaceAll(password, (_all, before: string, secret: string) => `${before}${standIn(secret)}@`)
}

/** The passwords in the URLs of a value. */
export function passwordsIn(text: string): string[] {
  return text.includes('://') ? [...text.matchAll(password)].map((all) => all[2]!) : []
}

/** Of the same kind as the secret, so that what reads it finds what it looks for: a hash of crypt(3), a URL, one plain word. */
function standIn(secret: string): string {
  const word = `birnamhidden${nonce}x${tagOf(secret)}`
  const method = /^\$[\da-z]{1,10}\$/.exec(secret)?.[0]
  if (method !== undefined) return `${method}${word}$${'z'.repeat(40)}`
  return /^https?:\/\//.test(secret) ? `http://${word}.invalid/` : word
}

/** Stand-ins that a text shows as they are become what a reader knows for a secret. Others, in base64 for instance, stay: they tell nothing. */
export function uncovered(text: string, mark: Mark): string {
  return text.replaceAll(found, (_all, tag: string) => mark(tag))
}
