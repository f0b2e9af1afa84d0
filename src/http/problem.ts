import { STATUS_CODES } from 'node:http'
import { Fault, faultOf, faults, type FaultCode } from '../fault.ts'

/** RFC 9457 problem document; `code` to `line` are extension members. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail?: string
  readonly code?: FaultCode
  readonly hint?: string
  readonly field?: string
  readonly file?: string
  readonly line?: number
}

const statusOf: Readonly<Record<FaultCode, number>> = {
  'config-invalid': 422,
  'machine-unknown': 404,
  'profile-missing': 409,
  'file-missing': 404,
  'template-invalid': 422,
  'answer-invalid': 422,
  'variable-missing': 422,
  'menu-unsafe': 422,
  'token-unknown': 403,
  'permit-conflict': 409,
  'request-invalid': 400,
  'image-missing': 404,
  'image-invalid': 400,
  'image-busy': 409,
  'digest-mismatch': 400,
  'disk-failed': 507,
  'registry-failed': 502,
  'multicast-failed': 502,
  'imager-failed': 500,
  'capture-failed': 500,
  'distro-missing': 404,
  'distro-invalid': 422,
  'distro-busy': 409,
  'distro-untrusted': 422,
  'layout-invalid': 422,
  'backup-invalid': 422,
  'not-running': 503,
  'not-permitted': 403,
  'port-taken': 409,
  internal: 500,
}

/** The one place that turns what was thrown into an HTTP answer. An unknown error says nothing of itself: its text may hold anything. */
export function problemOf(error: unknown): Problem {
  const fault = faultOf(error)
  if (fault) return fromFault(fault)
  const refusal = clientError(error)
  if (refusal) return fromFault(new Fault('request-invalid', refusal.message.slice(0, 300)), refusal.statusCode)
  return fromFault(new Fault('internal', 'a mistake in Birnam itself', { hint: 'see the log of the server' }))
}

/** For answers that are no fault of ours and have no code: a path that nobody answers, a guard that says no. */
export function plainProblem(status: number, detail: string, hint?: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, ...(hint && { hint }) }
}

/** For boot clients: one sentence, no secrets, a line end. */
export function sentenceOf(problem: Problem): string {
  const place = problem.file && (problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`)
  return [place, problem.detail ?? problem.title].filter(Boolean).join(': ')
}

function fromFault(fault: Fault, status = statusOf[fault.code]): Problem {
  const { hint, file, line, field } = fault.detail
  const place = { ...(hint && { hint }), ...(field && { field }), ...(file && { file }), ...(line && { line }) }
  return {
    type: `urn:birnam:fault:${fault.code}`,
    title: faults[fault.code],
    status,
    detail: fault.message,
    code: fault.code,
    ...place,
  }
}

/** Fastify's own refusals (too large, wrong media type, broken JSON) carry a 4xx status and a harmless message. */
function clientError(error: unknown): { readonly message: string; readonly statusCode: number } | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined
  const { message, statusCode } = error
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? { message, statusCode } : undefined
}
