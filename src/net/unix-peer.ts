import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { userInfo } from 'node:os'

/** The name of the user at the other end of a Unix socket; undefined when the kernel does not tell. */
export type PeerName = (socket: Socket) => string | undefined

/**
 * What a program says of itself is no evidence, so the kernel is asked. Where nobody can ask it (no node:ffi, or another C library), only
 * the owner of this process and root can have opened a socket of mode 600.
 */
export async function openPeerNames(): Promise<PeerName> {
  try {
    const { libc, peerUidOf } = await import('./libc.ts')
    libc()
    return (socket) => nameBehind(socket, peerUidOf)
  } catch {
    return () => `${ownName()} or root`
  }
}

/** The name of a user, by the text of passwd(5). A directory service may know more names; it is not waited for. */
export function nameOf(uid: number, passwd: string): string {
  for (const line of passwd.split('\n')) {
    const [name = '', , id] = line.split(':')
    if (name !== '' && id === String(uid)) return name
  }
  return `uid ${uid}`
}

/** The user that this process runs as. */
export function ownName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

function nameBehind(socket: Socket, peerUidOf: (fd: number) => number): string | undefined {
  const { fd = -1 } = (socket as Socket & { readonly _handle?: { readonly fd?: number } | null })._handle ?? {}
  if (fd < 0) return undefined
  try {
    return nameOf(peerUidOf(fd), readFileSync('/etc/passwd', 'utf8'))
  } catch {
    return undefined
  }
}
