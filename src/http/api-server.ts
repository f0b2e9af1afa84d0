import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { Fault } from '../fault.ts'
import { strangerIs } from './loopback.ts'
import { findStrange } from './odd-json.ts'
import { plainProblem, problemOf, type Problem } from './problem.ts'

/**
 * The application side of the boot port: Fastify that answers every error with a problem document. It does not listen: `openHttp` hands
 * it the requests of its prefixes.
 */
export function apiServer(options: { readonly logger?: FastifyBaseLogger } = {}): FastifyInstance {
  const app = Fastify({
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
    bodyLimit: 64 << 10,
    // Reports and Cobbler's triggers come by GET, and a HEAD changes nothing.
    exposeHeadRoutes: false,
    // A request line in the log would hold the tokens of answer and report URLs.
    logController: new Fastify.LogController({ disableRequestLogging: true }),
    // Tokens are longer than the 100 characters that a parameter may have by default.
    routerOptions: { maxParamLength: 512 },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    // Errors found before any route: a path that cannot be decoded.
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, problemOf(error)),
  })
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    if (problem.status >= 500) request.log.error({ err: error }, 'http.failed')
    return sendProblem(reply, problem)
  })
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, plainProblem(404, 'nothing is answered at this path')))
  return app
}

/** Hook: 403 for everybody but programs on this host, and for web pages of other origins in a browser on it. */
export function onlyLoopback(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const why = strangerIs(request.raw.socket, request.headers)
  if (why === undefined) return done()
  void sendProblem(reply, plainProblem(403, why, 'use http://127.0.0.1 on the server itself'))
}

/**
 * Checks a body against its schema. Throws Fault `request-invalid` with the path of the first wrong field. Make object schemas
 * strict (`z.strictObject`), so that unknown fields are refused.
 */
export function parseBody<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const strange = findStrange(value)
  if (strange) throw new Fault('request-invalid', strange.why, { field: strange.field })
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const field = [...(issue?.path ?? []), ...unknown].map(String).join('.').slice(0, 200)
  throw new Fault(
    'request-invalid',
    (issue?.message ?? 'the body is not as it should be').slice(0, 300),
    field ? { field } : {},
  )
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send(Buffer.from(JSON.stringify(problem)))
}
