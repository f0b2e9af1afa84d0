/**
 * What an unquoted YAML word means. Outside `vars` every word is text, and the schema of its key decides: so a MAC or a serial
 * number made of digits, a version `9.10` and a host called `no` stay what was written. Only the empty words mean "not given".
 *
 * In `vars` the YAML 1.2 core schema holds (`no`, `on` and `12:30:00` are text), but a number that would be printed in another way
 * than it was written stays text too: `007`, `1.10`, `1e3`, 20-digit serial numbers. Templates print what the person wrote.
 */
export function resolveWord(word: string, typed: boolean): unknown {
  if (/^(?:~|null|Null|NULL)?$/.test(word)) return typed ? null : undefined
  if (!typed) return word
  if (/^(?:true|True|TRUE)$/.test(word)) return true
  if (/^(?:false|False|FALSE)$/.test(word)) return false
  return /^-?\d+(?:\.\d+)?$/.test(word) && String(Number(word)) === word ? Number(word) : word
}

/** `vars:` without a value is not given either, although what is inside it is typed. */
export function given(value: unknown, typed: boolean): unknown {
  return value === null && !typed ? undefined : value
}

/** Keys that JavaScript treats specially; nobody needs them, so nobody gets them. */
export function isUnsafeKey(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype'
}
