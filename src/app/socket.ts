import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tryOpen, type Opened } from './listeners.ts'

/** Commands of this host reach the server here; only its owner may. */
export function openSocket(path: string, answer: RequestListener): Promise<Opened<Server>> {
  return tryOpen('commands', path, async () => {
    rmSync(path, { force: true })
    const server = createServer(answer)
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
