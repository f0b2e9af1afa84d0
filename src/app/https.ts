import type { Logger } from 'pino'
import { Fault } from '../fault.ts'
import { cardAt, machineOf, type House } from '../files/house.ts'
import type { HttpServer, TlsPair } from '../http/server.ts'
import { readPair, stampOf, type Pair, type PairFiles } from '../net/certificate.ts'
import type { Listener, Opened } from './listeners.ts'

/** The door where TLS is spoken, and its certificate, which is read again when somebody has renewed it. */
export class SecureDoor {
  readonly listener: Listener
  readonly server: HttpServer | undefined
  readonly #files: PairFiles
  readonly #log: Logger
  #stamp: string

  private constructor({ listener, door }: Opened<HttpServer>, files: PairFiles, stamp: string, log: Logger) {
    this.listener = listener
    this.server = door
    this.#files = files
    this.#stamp = stamp
    this.#log = log
  }

  /** `open` makes the listener with what it reads; a certificate that cannot be used leaves the door shut with its reason. */
  static async open(
    files: PairFiles,
    log: Logger,
    open: (read: () => TlsPair) => Promise<Opened<HttpServer>>,
  ): Promise<SecureDoor> {
    let pair: Pair | undefined
    const opened = await open(() => (pair = readPair(files)))
    return new SecureDoor(opened, files, pair?.stamp ?? '', log)
  }

  /** Looks whether the files were written again. A pair that does not fit is told once, and the old one stays. */
  renew(): void {
    const stamp = stampOf(this.#files)
    if (!this.server || stamp === '' || stamp === this.#stamp) return
    this.#stamp = stamp
    try {
      this.server.renew(readPair(this.#files))
      this.#log.info('https.renewed')
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.#log.warn({ why: error.toString() }, 'https.kept')
    }
  }
}

/** What became of nothing with a machine of ours is an event of its boot; of anybody else it is only counted. */
export function tlsFailed(house: House, from: string, code: string): void {
  const mac = cardAt(house, from)
  const machine = mac && machineOf(house, mac)
  if (!machine) return
  const session = house.sessions.current(mac)
  const whose = { machine: machine.name, mac, ...(session && { session: session.id }) }
  house.journal.recordSeldom({ at: house.now(), type: 'https.failed', ...whose, detail: { why: whyOf(code) } }, from)
}

function whyOf(code: string): string {
  if (/ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_)/.test(code))
    return 'it does not accept the certificate of this server: it does not know who signed it, the name or address is another, or its clock is wrong'
  if (code === 'ECONNRESET')
    return 'it went away while TLS was being set up, which firmware does with a certificate that it does not accept'
  return `TLS came to nothing: ${code}`
}
