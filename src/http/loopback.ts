import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'

/** Why a request is not one from this host, or undefined when it is. */
export function strangerIs(socket: Socket, headers: IncomingHttpHeaders): string | undefined {
  if (!isLocal(socket)) return 'the API answers this host only'
  // A page in the operator's browser reaches 127.0.0.1 too; by DNS rebinding its requests even look like same-origin ones. But the
  // browser cannot lie about the name it was given, so only names that cannot be rebound are taken.
  if (!isLoopbackHost(headers.host)) return 'the Host header does not name this host'
  const { origin } = headers
  if (origin !== undefined && !isOwnOrigin(origin, headers.host))
    return 'the request comes from a page of another origin'
  return undefined
}

/** 127/8, ::1, or a Unix socket. X-Forwarded-For and its kind are never looked at. */
function isLocal(socket: Socket): boolean {
  const { remoteAddress } = socket
  if (remoteAddress !== undefined) return /^(?:::ffff:)?127\.\d+\.\d+\.\d+$|^::1$/.test(remoteAddress)
  // A Unix socket has no addresses at all. A TCP one loses its remote address when it is reset: that must not open the door.
  return !socket.destroyed && socket.localPort === undefined
}

function isLoopbackHost(host: string | undefined): host is string {
  return host !== undefined && /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i.test(host)
}

function isOwnOrigin(origin: string, host: string): boolean {
  return (
    origin.toLowerCase() === `http://${host.toLowerCase()}` || origin.toLowerCase() === `https://${host.toLowerCase()}`
  )
}
