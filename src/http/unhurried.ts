import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'

/** Work for one request, during which its connection may be silent for as long as it takes: nobody has stalled. */
export async function unhurried<T>({ socket }: IncomingMessage, work: () => Promise<T>): Promise<T> {
  // A request that a test injects has none.
  if (!(socket instanceof Socket)) return await work()
  const { timeout = 0 } = socket
  socket.setTimeout(0)
  try {
    return await work()
  } finally {
    socket.setTimeout(timeout)
  }
}
