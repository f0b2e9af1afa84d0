import { readMac, type Mac } from '../net/mac.ts'

/** What one line of SystemImager's monitor protocol says. Whoever can reach the port can say it. */
export type MonitorLine =
  | { readonly kind: 'hello'; readonly mac: Mac }
  | { readonly kind: 'state'; readonly mac: Mac; readonly state: ClientState }
  /** Belongs to whom the connection has named. */
  | { readonly kind: 'log'; readonly text: string }

export interface ClientState {
  /** In words: `imaging`, `rebooted`. */
  readonly step: string
  readonly percent?: number
  readonly host?: string
  readonly image?: string
  /** kB/s, as the client says it. */
  readonly speed?: string
}

/** One line of 4.3 (`mac=…:ip=…:status=…`) or 4.9 (`MAC:…;…`, `UPD:{…}`, `LOG:{…}`); undefined for anything else. */
export function readMonitorLine(line: string): MonitorLine | undefined {
  const [, kind, rest = ''] = /^(MAC|UPD|LOG):([^]*)$/.exec(line) ?? []
  switch (kind) {
    case 'MAC':
      return hello(rest)
    case 'UPD':
      return update(fieldsOf(rest))
    case 'LOG':
      return log(fieldsOf(rest))
    default:
      return line.includes('=') ? update(oldFields(line)) : undefined
  }
}

function hello(rest: string): MonitorLine | undefined {
  const mac = macOf(rest.split(';', 1)[0])
  return mac && { kind: 'hello', mac }
}

function log(fields: Fields): MonitorLine | undefined {
  const text = textOf(fields, 'MESSAGE', 500)
  return text === undefined ? undefined : { kind: 'log', text }
}

function update(fields: Fields): MonitorLine | undefined {
  const mac = macOf(fields.get('mac') ?? fields.get('name'))
  const status = fields.get('status') ?? ''
  if (!mac || !/^-?\d{1,4}(?:\.\d{1,9})?$/.test(status)) return undefined
  const number = Math.trunc(Number(status))
  const [host, image, speed] = [textOf(fields, 'host'), textOf(fields, 'os'), textOf(fields, 'speed')]
  const state = {
    step: stepOf(number),
    ...(number >= 0 && number <= 100 && { percent: number }),
    ...(host !== undefined && { host }),
    ...(image !== undefined && { image }),
    ...(speed !== undefined && speed !== '0' && { speed }),
  }
  return { kind: 'state', mac, state }
}

/** SystemImager's manual, monitoring. */
const steps: Readonly<Record<number, string>> = {
  0: 'started',
  100: 'imaged',
  101: 'finalizing',
  102: 'rebooted',
  103: 'beeping',
  104: 'rebooting',
  105: 'shutting down',
  106: 'in a shell',
  107: 'extracting',
  108: 'pre-install',
  109: 'post-install',
}

function stepOf(status: number): string {
  if (status < 0) return 'failed'
  return steps[status] ?? (status < 100 ? 'imaging' : `status ${status}`)
}

type Fields = ReadonlyMap<string, string>

/** 4.3 wrote the MAC with dots, because colons part the fields. */
function oldFields(line: string): Fields {
  const pairs = line.split(':').flatMap((part): [string, string][] => {
    const at = part.indexOf('=')
    return at > 0 ? [[part.slice(0, at), part.slice(at + 1)]] : []
  })
  return new Map(pairs)
}

/** 4.9 pastes its words into JSON by a shell: numbers and words are all text. */
function fieldsOf(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return new Map()
    return new Map(
      Object.entries(value).flatMap(([key, word]) =>
        typeof word === 'string' || typeof word === 'number' ? [[key, String(word)]] : [],
      ),
    )
  } catch {
    return new Map()
  }
}

function textOf(fields: Fields, key: string, longest = 100): string | undefined {
  const text = fields.get(key)?.trim().slice(0, longest)
  return text === '' ? undefined : text
}

function macOf(text: string | undefined): Mac | undefined {
  return text === undefined || text.length > 20 ? undefined : readMac(text.trim().replaceAll('.', ':'))
}
