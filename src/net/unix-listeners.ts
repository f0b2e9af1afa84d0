import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

/**
 * The paths of Unix sockets with that name at which somebody listens, as far as this process may see: a server in a network namespace of its
 * own is listed only there.
 */
export function listenersNamed(name: string): readonly string[] {
  const paths = [...namespaces()].flatMap((process) => readListeners(textOf(`/proc/${process}/net/unix`)))
  return [...new Set(paths)].filter((path) => basename(path) === name)
}

/** Paths in the text of /proc/net/unix, of sockets with the flag __SO_ACCEPTCON (unix(7), net/unix/af_unix.c). */
export function readListeners(text: string): readonly string[] {
  const paths: string[] = []
  for (const line of text.split('\n')) {
    const [, flags = '', path] = /^[\da-f]+: [\da-f]+ [\da-f]+ ([\da-f]{8}) \d{4} \d\d +\d+ (\/.*)$/i.exec(line) ?? []
    if (path !== undefined && (Number.parseInt(flags, 16) & 0x10000) !== 0) paths.push(path)
  }
  return paths
}

/** One process of each network namespace. */
function namespaces(): Iterable<string> {
  const found = new Map<string, string>()
  for (const process of ['self', ...processes()]) {
    try {
      const namespace = readlinkSync(`/proc/${process}/ns/net`)
      if (!found.has(namespace)) found.set(namespace, process)
    } catch {
      // It has ended, or is another user's.
    }
  }
  return found.values()
}

function processes(): readonly string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return []
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
