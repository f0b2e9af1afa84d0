/** `$name.attr['k'](…)`, or the same in `${…}`, `$(…)` and `$[…]`. */
export function placeholderAt(
  source: string,
  at: number,
): { readonly raw: string; readonly inner: string; readonly end: number } | undefined {
  const start = /\$[!*]?(?<open>[{([][ \t]*)?(?=[A-Za-z_])/y
  start.lastIndex = at
  const found = start.exec(source)
  if (!found) return undefined
  const begin = start.lastIndex
  const open = found.groups?.open
  if (open !== undefined) {
    const inner = balanced(source, at + found[0].indexOf(open[0]!))
    if (inner === undefined) return undefined
    const end = at + found[0].indexOf(open[0]!) + inner.length
    // Anything but a name with its members is a shell's business.
    const text = inner.slice(1, -1).trim()
    return /^[A-Za-z_]\w*(?:[.[(][^]*)?$/.test(text) ? { raw: source.slice(at, end), inner: text, end } : undefined
  }
  const name = /[A-Za-z_]\w*/y
  name.lastIndex = begin
  let end = begin + name.exec(source)![0].length
  for (let tail = tailAt(source, end); tail > 0; tail = tailAt(source, end)) end += tail
  return { raw: source.slice(at, end), inner: source.slice(begin, end), end }
}

/** How long the member is that follows: `.name`, `[…]`, `(…)`. */
function tailAt(source: string, at: number): number {
  if (source[at] === '[' || source[at] === '(') return balanced(source, at)?.length ?? 0
  const member = /\.[A-Za-z_]\w*/y
  member.lastIndex = at
  return member.exec(source)?.[0].length ?? 0
}

const pairs: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/** From a bracket to its partner, within one line. */
function balanced(source: string, at: number): string | undefined {
  const open: string[] = []
  for (let index = at; index < source.length && index < at + 500; index++) {
    const sign = source[index]!
    if (sign === '\n') return undefined
    if (sign === "'" || sign === '"') {
      const end = source.indexOf(sign, index + 1)
      if (end < 0) return undefined
      index = end
    } else if (pairs[sign] !== undefined) open.push(pairs[sign])
    else if (sign === open.at(-1)) {
      open.pop()
      if (open.length === 0) return source.slice(at, index + 1)
    }
  }
  return undefined
}
