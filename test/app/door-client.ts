import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'

/** One request over a connection of its own; the status, or 0 where the server ended it without one. */
export async function ask(port: number, method: string, path: Buffer, body?: Body): Promise<number> {
  const length = body ? `Content-Type: ${body.type}\r\nContent-Length: ${body.bytes.length}\r\n` : ''
  const socket = connect(port, '127.0.0.1')
  const closed = new Promise((resolve) => socket.on('close', resolve))
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer = answer === '' ? chunk.toString('latin1', 0, 20) : answer))
  // Ended by the server before all was sent, which may be its answer.
  socket.on('error', () => {})
  socket.write(
    Buffer.concat([
      Buffer.from(`${method} /`),
      path,
      Buffer.from(` HTTP/1.1\r\nHost: a\r\n${length}Connection: close\r\n\r\n`),
    ]),
  )
  if (body) socket.write(body.bytes)
  await closed
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0)
}

export interface Body {
  readonly type: string
  readonly bytes: Buffer
}

/** Sends each datagram to the same port, and then a request that is answered, so that all have been read. */
export async function throwAt(port: number, datagrams: readonly Buffer[], last: Buffer): Promise<void> {
  const socket = createSocket('udp4')
  const answered = once(socket, 'message')
  for (const datagram of datagrams) await send(datagram)
  // The system throws away what comes while its buffer is full.
  const asking = setInterval(() => void send(last), 100)
  await answered
  clearInterval(asking)
  await new Promise<void>((resolve) => socket.close(resolve))

  function send(datagram: Buffer): Promise<void> {
    return new Promise((resolve, reject) =>
      socket.send(datagram, port, '127.0.0.1', (error) => (error ? reject(error) : resolve())),
    )
  }
}
