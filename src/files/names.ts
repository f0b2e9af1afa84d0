/**
 * A name as it came from the wire, made safe to look up: one leading slash or none, `//` folded (shim asks
 * `//grubx64.efi`), no `.`/`..`, no control characters, no backslash. Undefined for everything else: such a name is nothing.
 */
export function normalise(name: string): string | undefined {
  if (name.length > 1024 || hostile.test(name)) return undefined
  const parts = name.split('/').filter((part) => part !== '')
  if (parts.some((part) => part === '.' || part === '..')) return undefined
  return parts.length === 0 ? undefined : parts.join('/')
}

// Control characters, DEL, backslash and unpaired surrogates never stand in a name that Birnam gave out.
const hostile = /[\0-\x1f\x7f\\]|\p{Surrogate}/u

/** `s/<id>/rest` split; a name without a session is its own rest. */
export function splitSession(name: string): { readonly id?: string; readonly rest: string } {
  if (!name.startsWith('s/')) return { rest: name }
  const slash = name.indexOf('/', 2)
  return slash < 0 ? { id: name.slice(2), rest: '' } : { id: name.slice(2, slash), rest: name.slice(slash + 1) }
}
