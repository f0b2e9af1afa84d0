/**
 * Every way Birnam says no. The code is stable and has its paragraph in docs/errors.md (a test holds the two together);
 * the message names the thing; the hint says what to do next.
 */
export const faults = {
  'config-invalid': 'a file of the site directory is not what it should be',
  'machine-unknown': 'no machine has that name, MAC, UUID or serial number',
  'profile-missing': 'a machine has no profile, and what is wanted needs one',
  'file-missing': 'a file that a profile, a menu or a loader names is not there',
  'template-invalid': 'a template does not parse, names an unknown helper or runs away',
  'variable-missing': 'a template names a variable that has no value for this machine',
  'answer-invalid': 'what a template wrote is nothing that its installer could read',
  'menu-unsafe': 'a PXELINUX menu holds something that pypxeboot cannot read',
  'token-unknown': 'no session has that token, or its time is over',
  'permit-conflict': 'the permit of this machine does not allow that now',
  'request-invalid': 'a request has a wrong or missing field',
  'image-missing': 'no image has that name or version, or a part of it is not here',
  'image-invalid': 'an image is not what the OCI image specification says, or names what is not here',
  'image-busy': 'another command works on that image, or a machine still needs it',
  'digest-mismatch': 'bytes are not the ones that their digest names',
  'disk-failed': 'a disk is full, or does not read or write',
  'registry-failed': 'another registry does not answer as it should',
  'multicast-failed': 'layers could not be sent to all at once',
  'imager-failed': 'the imager could not be built',
  'capture-failed': 'a machine or a tree could not be captured whole',
  'layout-invalid': 'a disk layout is not what it should be',
  'distro-missing': 'no imported distro has that name',
  'distro-invalid': 'an ISO or tree is damaged, hostile, or of a kind that nobody recognises',
  'distro-busy': 'another command works on that distro, or profiles name it',
  'distro-untrusted': 'the signature or checksum of a distribution is wrong',
  'backup-invalid': 'a backup is cut short, damaged, or no backup of Birnam',
  'not-running': 'the command needs a running server',
  'not-permitted': 'the operating system did not permit it',
  'port-taken': 'another program listens on the port',
  internal: 'a mistake in Birnam itself',
} as const

export type FaultCode = keyof typeof faults

export interface FaultDetail {
  /** What to do next, one sentence. */
  readonly hint?: string
  /** Where it stands: file, 1-based line and column, and the key or field. */
  readonly file?: string
  readonly line?: number
  readonly field?: string
  readonly cause?: unknown
}

/** One sentence for a person, a code for a program. Translated once, at the edge (HTTP problem, CLI line, TFTP ERROR). */
export class Fault extends Error {
  readonly code: FaultCode
  readonly detail: FaultDetail

  constructor(code: FaultCode, message: string, detail: FaultDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.name = 'Fault'
    this.code = code
    this.detail = detail
  }

  /** `fleet.yaml:7: machines[0].mac: not a MAC address: zz (write six pairs: 52:54:00:12:34:56)` */
  override toString(): string {
    const { file, line, field, hint } = this.detail
    const place = [file && (line ? `${file}:${line}` : file), field].filter(Boolean).join(': ')
    return `${place ? `${place}: ` : ''}${this.message}${hint ? ` (${hint})` : ''}`
  }
}

/** The error as a fault, where its reason is one that a person can do something about: what SQLite says of its file. */
export function faultOf(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error
  const { code, errcode, message } = (error ?? {}) as { code?: unknown; errcode?: unknown; message?: unknown }
  if (code !== 'ERR_SQLITE_ERROR') return undefined
  const trouble = databaseTroubles[Number(errcode) & 0xff] ?? databaseTroubles[0]
  return new Fault('disk-failed', `${trouble.what}: ${String(message)}`, { hint: trouble.hint, cause: error })
}

const backup =
  'stop the server, and put a backup of birnam.sqlite into the data directory, or take it away to begin anew'

/** https://sqlite.org/rescode.html; 0 for all others. */
const databaseTroubles: { readonly 0: Trouble; readonly [code: number]: Trouble } = {
  0: { what: 'the database does not work', hint: 'look at the disk of the data directory' },
  10: { what: 'the database cannot be read or written', hint: 'look at the disk of the data directory: dmesg tells' },
  11: { what: 'the database is damaged', hint: backup },
  13: { what: 'the database cannot be written', hint: 'make room on the disk of the data directory' },
  26: { what: 'the database is damaged', hint: backup },
}

interface Trouble {
  readonly what: string
  readonly hint: string
}
