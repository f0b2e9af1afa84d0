/** What a request asks for, in the one form that lookup, routing and guards all see. */
export type Target =
  | { readonly ok: true; readonly name: string; readonly plain: boolean; readonly search: string }
  | { readonly ok: false; readonly status: 400 | 414; readonly why: string }

const longestTarget = 8192
const longestName = 1024

/**
 * Reads a request target (RFC 9112 §3.2): percent-decoded exactly once, `//` folded (shim asks `//grubx64.efi`), no `..`, backslash,
 * NUL or control character. `name` has no leading slash; `plain` says that a router which splits the raw URL by itself comes to the
 * same segments.
 */
export function readTarget(url: string): Target {
  if (url.length > longestTarget) return refuse(414, 'the URL is too long')
  const local = withoutAuthority(url)
  if (local === undefined) return refuse(400, 'the request target is not a path')
  const mark = local.indexOf('?')
  const path = mark < 0 ? local : local.slice(0, mark)
  const search = mark < 0 ? '' : local.slice(mark + 1)
  const decoded = decode(path)
  if (decoded === undefined) return refuse(400, 'the path is not percent-encoded UTF-8')
  if (hostile.test(decoded)) return refuse(400, 'the path holds a backslash or a control character')
  const parts = decoded.split('/').filter((part) => part !== '')
  if (parts.some(isDots)) return refuse(400, 'the path climbs with dots')
  const name = parts.join('/')
  if (name.length > longestName) return refuse(414, 'the name is too long')
  return { ok: true, name, plain: isPlain(path), search }
}

/** No folded or encoded slash, and a first segment without encoding: the text decides about the prefix, not an interpretation. */
function isPlain(path: string): boolean {
  if (!path.includes('%')) return !path.includes('//')
  return !/\/\/|%2f|^\/[^/]*%/i.test(path)
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const hostile = /[\0-\x1f\x7f\\]/

// `..;` climbs in servers that strip path parameters (H6); none of ours does, and no boot file is called that.
function isDots(part: string): boolean {
  return part === '.' || part === '..' || part.startsWith('..;')
}

/** RFC 9112 §3.2.2: absolute-form must be understood. Its authority is dropped: it is the client's word and names no machine. */
function withoutAuthority(url: string): string | undefined {
  if (url.startsWith('/')) return url
  const absolute = /^https?:\/\/[^/?#]*/i.exec(url)
  if (!absolute) return undefined
  const rest = url.slice(absolute[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** Once, never twice: `%252e` stays the text `%2e`. Raw bytes above 0x7f (old GRUB encodes nothing) are read as UTF-8. */
function decode(path: string): string | undefined {
  if (!/[%\x80-\xff]/.test(path)) return path
  try {
    return decodeURIComponent(path.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`))
  } catch {
    return undefined
  }
}

function refuse(status: 400 | 414, why: string): Target {
  return { ok: false, status, why }
}
