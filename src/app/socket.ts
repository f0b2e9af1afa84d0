import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { openPeerNames } from '../net/unix-peer.ts'
import { tryOpen, type Opened } from './listeners.ts'

/** Who is behind which connection of the socket; nobody else is known. */
export class Callers {
  readonly #names = new WeakMap<Socket, string>()

  /** The user at the other end; undefined for every other connection, whatever it says of itself. */
  of(socket: Socket): string | undefined {
    return this.#names.get(socket)
  }

  met(socket: Socket, name: string | undefined): void {
    if (name !== undefined) this.#names.set(socket, name)
  }
}

/** Commands of this host reach the server here; only its owner may. */
export async function openSocket(
  path: string,
  answer: RequestListener,
  callers: Callers = new Callers(),
): Promise<Opened<Server>> {
  const nameOf = await openPeerNames()
  return await tryOpen('commands', path, async () => {
    rmSync(path, { force: true })
    const server = createServer(answer)
    server.on('connection', (socket: Socket) => callers.met(socket, nameOf(socket)))
    listenAlone(server, path)
    await once(server, 'listening')
    return server
  })
}

/** A socket is made as the umask says, and made before this call returns: nobody else can connect, not even for an instant. */
export function listenAlone(server: Server, path: string): void {
  const before = process.umask(0o177)
  try {
    server.listen(path)
  } finally {
    process.umask(before)
  }
}

export async function closeSocket(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  await once(server, 'close').catch(() => {})
}
