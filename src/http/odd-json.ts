/**
 * What JSON can say and a program cannot keep: half a surrogate pair (no UTF-8 file can hold it) and whole numbers that a double
 * rounds. Walks without recursion, so depth costs nothing.
 */
export function findStrange(value: unknown): { readonly field: string; readonly why: string } | undefined {
  const open: [field: string, value: unknown][] = [['', value]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [field, inner] = next
    const why = strangeness(inner)
    if (why) return { field, why }
    if (typeof inner !== 'object' || inner === null) continue
    for (const [key, child] of Object.entries(inner)) {
      if (!key.isWellFormed()) return { field, why: 'a key is not valid Unicode' }
      open.push([field === '' ? key : `${field}.${key}`.slice(0, 200), child])
    }
  }
  return undefined
}

function strangeness(value: unknown): string | undefined {
  if (typeof value === 'string' && !value.isWellFormed()) return 'the text is not valid Unicode'
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    return 'the number is too large to be kept'
  return undefined
}
