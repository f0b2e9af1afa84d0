import { Fault, type FaultCode } from '../fault.ts'

/** OCI distribution spec 1.1, "Error Codes", with the status that goes with each; the last three are not in its table. */
export const registryErrors = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 413,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  RANGE_INVALID: 416,
  UNKNOWN: 500,
} as const

export type RegistryErrorCode = keyof typeof registryErrors

/** An answer of "no" to a registry client. */
export class RegistryError extends Error {
  readonly code: RegistryErrorCode
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: RegistryErrorCode,
    message: string,
    more: { status?: number; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.name = 'RegistryError'
    this.code = code
    this.status = more.status ?? registryErrors[code]
    this.headers = more.headers ?? {}
  }

  /** The body of the answer. */
  get body(): string {
    return JSON.stringify({ errors: [{ code: this.code, message: this.message, detail: null }] })
  }
}

const codes: Partial<Readonly<Record<FaultCode, RegistryErrorCode>>> = {
  'image-invalid': 'MANIFEST_INVALID',
  'digest-mismatch': 'DIGEST_INVALID',
  'image-missing': 'MANIFEST_UNKNOWN',
  'request-invalid': 'NAME_INVALID',
}

/** What was thrown, in the words of the protocol. An unknown error says nothing of itself. */
export function registryErrorOf(error: unknown, isRead = false): RegistryError {
  if (error instanceof RegistryError) return error
  // What cannot be read here is no fault of the client.
  if (isRead && error instanceof Fault && error.code !== 'image-missing')
    return new RegistryError('UNKNOWN', 'the server cannot read it')
  if (!(error instanceof Fault)) return new RegistryError('UNKNOWN', 'a mistake in Birnam itself')
  if (error.code === 'disk-failed')
    return new RegistryError('UNKNOWN', 'the server has no room for it', { status: 507 })
  if (error.code === 'image-busy') return new RegistryError('TOOMANYREQUESTS', error.message)
  const code = codes[error.code]
  return code ? new RegistryError(code, error.message) : new RegistryError('UNKNOWN', error.message)
}
