import { Fault } from '../fault.ts'

/** A hardware address in its one canonical form: six lower-case hex pairs with colons. Made only by `parseMac`. */
export type Mac = string & { readonly kind: 'mac' }

const pairs = /^([0-9a-f]{2})[:-]([0-9a-f]{2})[:-]([0-9a-f]{2})[:-]([0-9a-f]{2})[:-]([0-9a-f]{2})[:-]([0-9a-f]{2})$/
// As switches show it: `5254.0012.3456`, `5254-0012-3456`.
const quads = /^([0-9a-f]{4})([.-])([0-9a-f]{4})\2([0-9a-f]{4})$/
const bare = /^[0-9a-f]{12}$/

/** Colons, dashes, dots as Cisco writes them, or none; any letter case. Returns undefined for anything else. */
export function readMac(text: string): Mac | undefined {
  const lower = text.toLowerCase()
  const match = pairs.exec(lower)
  if (match) return match.slice(1).join(':') as Mac
  const plain = lower.replace(quads, '$1$3$4')
  return bare.test(plain) ? (plain.match(/../g)!.join(':') as Mac) : undefined
}

/** As `readMac`, but throws a Fault that says how to write one. */
export function parseMac(text: string): Mac {
  const mac = readMac(text)
  if (mac) return mac
  throw new Fault('request-invalid', `not a MAC address: ${text.slice(0, 40)}`, {
    hint: 'write six hex pairs: 52:54:00:12:34:56',
  })
}

const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** The first six bytes as a MAC; the caller has checked htype 1 and hlen 6. */
export function macFromBytes(bytes: Uint8Array, at = 0): Mac {
  return `${hex[bytes[at]!]}:${hex[bytes[at + 1]!]}:${hex[bytes[at + 2]!]}:${hex[bytes[at + 3]!]}:${hex[bytes[at + 4]!]}:${hex[bytes[at + 5]!]}` as Mac
}

/** `52-54-00-12-34-56`: how PXELINUX and iPXE's hexhyp write it. */
export function dashed(mac: Mac): string {
  return mac.replaceAll(':', '-')
}
