import type { FastifyRequest } from 'fastify'
import type { Peer } from '../net/content.ts'

/** IPv4 as IPv4, also on a socket that listens for both. */
export function peerOf({ socket }: FastifyRequest): Peer {
  return { address: (socket.remoteAddress ?? '').replace(/^::ffff:/, ''), port: socket.remotePort ?? 0 }
}
