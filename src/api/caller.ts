import type { FastifyRequest } from 'fastify'
import type { Socket } from 'node:net'
import { z } from 'zod'
import { Fault } from '../fault.ts'

/** Who may change something: as long as there are no users, whoever may open the socket of commands. */
export interface KnownCallers {
  /** The user behind a connection, by the kernel's word; undefined for one that came by TCP. */
  readonly nameOf: (socket: Socket) => string | undefined
  /** The socket, for the sentence that says where to ask. */
  readonly where: string
}

/** What a caller says of himself: the person behind sudo, or the program that asks. It is told, and never believed. */
export const saidBy = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{C}\p{Z}()]+(?: [^\p{C}\p{Z}()]+)*$/u)
  .optional()

/** The user who asks. Throws `not-permitted` for everybody whom nobody knows. */
export function callerOf({ nameOf, where }: KnownCallers, { raw }: FastifyRequest, what: string): string {
  const name = nameOf(raw.socket)
  if (name !== undefined) return name
  throw new Fault('not-permitted', `${what} by the socket ${where} alone, as long as there are no users`, {
    hint: `use the birnam command as its owner or as root, or curl --unix-socket ${where}`,
  })
}

/** `root`, or `root (for macbeth)`. */
export function signed(caller: string, said: string | undefined): string {
  return said === undefined || said === caller ? caller : `${caller} (for ${said})`
}

/** Hook: only a known caller changes anything. */
export function onlyKnownChange(known: KnownCallers): (request: FastifyRequest) => Promise<void> {
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') callerOf(known, request, 'changes are made')
  }
}
