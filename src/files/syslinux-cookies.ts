import { readMac, type Mac } from '../net/mac.ts'

/** Who asks, as lpxelinux.0 and syslinux.efi tell it in cookies; evidence like any other that came from the wire. */
export interface SyslinuxCookies {
  readonly mac?: Mac
  /** In the byte order of the wire. */
  readonly uuid?: string
  readonly serial?: string
}

const longest = 4096

/**
 * `Cookie: _Syslinux_BOOTIF=01-52-54-00-…; _Syslinux_SYSUUID=…; _Syslinux_SYSSERIAL=…`: the strings of SYSAPPEND, percent-encoded. Undefined
 * without any of them.
 */
export function readSyslinuxCookies(header: string | undefined): SyslinuxCookies | undefined {
  if (header === undefined || header.length > longest || !header.includes(head)) return undefined
  const found = new Map(header.split(';').flatMap((part) => readCookie(part.trim())))
  const mac = readBootif(found.get('BOOTIF'))
  const uuid = readUuid(found.get('SYSUUID'))
  const serial = readSerial(found.get('SYSSERIAL'))
  if (!mac && uuid === undefined && serial === undefined) return undefined
  return { ...(mac && { mac }), ...(uuid !== undefined && { uuid }), ...(serial !== undefined && { serial }) }
}

const head = '_Syslinux_'

function readCookie(part: string): [name: string, value: string][] {
  const equals = part.indexOf('=')
  if (!part.startsWith(head) || equals < 0) return []
  try {
    return [[part.slice(head.length, equals), decodeURIComponent(part.slice(equals + 1))]]
  } catch {
    return []
  }
}

/** 01 is Ethernet. */
function readBootif(value: string | undefined): Mac | undefined {
  return value?.length === 20 && value.startsWith('01-') ? readMac(value.slice(3)) : undefined
}

function readUuid(value: string | undefined): string | undefined {
  const lower = value?.toLowerCase() ?? ''
  const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(lower)
  return shape && !/^[0-]+$|^[f-]+$/.test(lower) ? lower : undefined
}

function readSerial(value: string | undefined): string | undefined {
  const text = value?.trim() ?? ''
  return /^[!-~](?:[ -~]{0,126}[!-~])?$/.test(text) ? text : undefined
}
