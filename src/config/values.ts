import { withoutEnd } from './without-end.ts'
import { z } from 'zod'
import { isIP } from 'node:net'
import { Fault } from '../fault.ts'
import { optionTable4, optionTable6 } from '../net/dhcp-option-table.ts'
import { readOption, type OptionComplaint, type OptionTable, type SiteOption } from '../net/dhcp-option.ts'
import { parseCidr, readIpv4 } from '../net/ipv4.ts'
import { formatIpv6, isLinkLocal, parseCidr6, readIpv6 } from '../net/ipv6.ts'
import { readGuid } from '../net/infiniband.ts'
import { readMac } from '../net/mac.ts'
import { readAgentId } from '../net/relay-port.ts'
import { readDuration } from './duration.ts'
import { quote } from './problem.ts'

/** A word of the site directory: YAML gives text; a program that sends JSON may send a number or a boolean. */
export const word = z.union([z.string(), z.number(), z.boolean()]).transform(String)

/** A word that `read` understands; undefined from it makes a problem with `message` and `hint`. */
export function wordAs<T>(read: (text: string) => T | undefined, message: string, hint: string) {
  return word.transform((text, context): T => {
    const value = read(text)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: `${message}: ${quote(text)}`, params: { hint } })
    return z.NEVER
  })
}

/** One word, or a list of them; always a list afterwards. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.preprocess(toList, z.array(item).readonly())
}

function toList(value: unknown): unknown {
  return value === undefined || Array.isArray(value) ? value : [value]
}

const matching = (pattern: RegExp, longest: number) => (text: string) =>
  text.length <= longest && pattern.test(text) ? text : undefined

export const name = wordAs(
  matching(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 200),
  'not a name',
  'begin with a letter or digit; then letters, digits, dots, dashes and underscores',
)

/** RFC 1123 §2.1: labels of letters, digits and inner dashes, 63 each, 253 in all. */
export function isHostname(text: string): boolean {
  return text.length <= 253 && /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/.test(text)
}

export const hostname = wordAs(
  (text) => (isHostname(text) ? text : undefined),
  'not a host name (RFC 1123)',
  'letters, digits and inner dashes, with dots between the parts',
)

/** Broadcast, multicast and all zeros belong to no card. */
function readCard(text: string) {
  const mac = readMac(text) ?? readGuid(text)
  return mac === undefined || mac === '00:00:00:00:00:00' || Number.parseInt(mac.slice(0, 2), 16) & 1 ? undefined : mac
}
export const mac = wordAs(readCard, 'not the MAC address of a card', 'write six hex pairs: 52:54:00:12:34:56')

/** Firmware that was never given a UUID sends all zeros or all ones. */
function readUuid(text: string): string | undefined {
  const lower = text.toLowerCase()
  const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(lower)
  return shape && !/^(?:0|-)+$|^(?:f|-)+$/.test(lower) ? lower : undefined
}
export const uuid = wordAs(
  readUuid,
  'not the UUID of a machine',
  'write it as firmware shows it: 4c4c4544-0042-3510-8052-b4c04f4e3732',
)

export const serial = wordAs(
  // Printable ASCII: SMBIOS strings and HTTP headers hold nothing else.
  (text) => matching(/^[!-~](?:[ -~]*[!-~])?$/, 128)(text.trim()),
  'not a serial number',
  'copy it as `dmidecode -s system-serial-number` prints it',
)

export const agentId = wordAs(
  readAgentId,
  'not an id of option 82 (RFC 3046)',
  'write it as text, like Gi1/0/17, or as 0x and pairs of hex digits',
)

/** An address that one host can have: not 0.*, loopback, multicast or reserved. */
function readHost(text: string): string | undefined {
  const value = readIpv4(text)
  const first = value === undefined ? 0 : value >>> 24
  return first === 0 || first === 127 || first >= 224 ? undefined : text
}
export const host = wordAs(readHost, 'not the IPv4 address of a host', 'write it like 10.77.0.11')

/** An address that one host can have: not ::, loopback, multicast or link-local. */
function readHost6(text: string): string | undefined {
  const value = readIpv6(text)
  if (value === undefined || value <= 1n || value >> 120n === 0xffn || isLinkLocal(value)) return undefined
  return formatIpv6(value)
}
export const host6 = wordAs(readHost6, 'not the IPv6 address of a host', 'write it like fd77::11')

export const cidr6 = word.transform((text, context) => {
  try {
    return parseCidr6(text)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    context.addIssue({ code: 'custom', message: error.message, params: { hint: error.detail.hint } })
    return z.NEVER
  }
})

export const range6 = wordAs(
  (text) => {
    const [from, to, rest] = text.split('-').map((part) => readIpv6(part.trim()))
    return from === undefined || to === undefined || rest !== undefined || from > to ? undefined : { from, to }
  },
  'not a range of IPv6 addresses',
  'write first and last, the lower one first: fd77::1000-fd77::1fff',
)

export const server = wordAs(
  (text) => (text.startsWith('127.') ? matching(/./, 15)(readIpv4(text) === undefined ? '' : text) : readHost(text)),
  'not the IPv4 address of a host',
  'write the address that the machines can reach, like 10.77.0.1',
)

export const listen = wordAs(
  (text) => (isIP(text) ? text : undefined),
  'not an address to listen on',
  'write 0.0.0.0 for every IPv4 address of this server',
)

export const port = wordAs(
  (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined),
  'not a port',
  'write a number from 1 to 65535, or 0 for any free one',
)

const mostPorts = 64

/** One port, or as many as sockets are kept open. */
export const ports = wordAs(
  (text) => {
    const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
    const from = Number(first)
    const to = last === undefined ? from : Number(last)
    const isSound = first !== undefined && from > 0 && to >= from && to <= 65_535 && to - from < mostPorts
    return isSound ? { from, to } : undefined
  },
  'not a range of ports',
  `write first and last, ${mostPorts} ports at most: 40000-40007`,
)

export const blksize = wordAs(
  (text) => (/^\d{1,5}$/.test(text) && Number(text) >= 512 && Number(text) <= 65_464 ? Number(text) : undefined),
  'not a size of TFTP blocks',
  'write a number of bytes from 512 to 65464 (RFC 2348); 1428 fits a path of 1460',
)

export const flag = wordAs(
  (text) => ({ true: true, false: false })[text.toLowerCase()],
  'neither true nor false',
  'write true or false; yes, no, on and off are text in YAML 1.2',
)

export const priority = wordAs(
  (text) => (/^-?\d{1,9}$/.test(text) ? Number(text) : undefined),
  'not a whole number',
  'write a number; the lower one is the stronger',
)

/** Seconds in [least, most]. */
export function duration(least: number, most: number) {
  return wordAs(
    (text) => {
      const seconds = readDuration(text)
      return seconds === undefined || seconds < least || seconds > most ? undefined : seconds
    },
    `not a duration from ${least} to ${most} seconds`,
    'write 90s, 30m, 1h, 2d or a number of seconds',
  )
}

export const cidr = word.transform((text, context) => {
  try {
    return parseCidr(text)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    context.addIssue({ code: 'custom', message: error.message, params: { hint: error.detail.hint } })
    return z.NEVER
  }
})

export const allowList = listOf(cidr)

/** Whoever is allowed can read whole images. */
export function refuseNobody(list: readonly { readonly bits: number }[], context: z.RefinementCtx): void {
  if (list.length > 0 && list.every(({ bits }) => bits > 0)) return
  const message = list.length === 0 ? 'nobody is allowed' : 'everybody is allowed'
  const hint = 'images hold password hashes and keys: name the networks that may read them, like [10.77.0.0/24]'
  context.addIssue({ code: 'custom', message, params: { hint } })
}

export const range = wordAs(
  (text) => {
    const [from, to, rest] = text.split('-').map((part) => readIpv4(part.trim()))
    return from === undefined || to === undefined || rest !== undefined || from > to ? undefined : { from, to }
  },
  'not a range of addresses',
  'write first and last, the lower one first: 10.77.0.100-10.77.0.199',
)

/** IFNAMSIZ less its NUL is 15; Linux refuses blanks and slashes. */
export const networkInterface = wordAs(
  matching(/^[^\s/:]{1,15}$/, 15),
  'not the name of a network interface',
  'see them with `ip link`',
)

/** A path below the site directory or below what Birnam ships; `Paths` looks it up and checks links. */
export const path = wordAs(
  (text) => (isInnerPath(text) ? text : undefined),
  'not a path inside the site directory',
  'write it relative and with slashes, like boot/vmlinuz, and without ..',
)

/** Options of DHCP by number or name; each with the type that it has, or with one that is written. */
function dhcpOptions(table: OptionTable) {
  return z.record(z.string(), z.unknown()).transform((map, context): readonly SiteOption[] => {
    const found = new Map<number, SiteOption>()
    for (const [key, value] of Object.entries(map)) {
      const read = readOption(table, key, value)
      const wrong = 'message' in read ? read : found.has(read.code) ? givenTwice(read.code) : undefined
      if (wrong) context.addIssue({ code: 'custom', path: [key], message: wrong.message, params: { hint: wrong.hint } })
      else if ('code' in read) found.set(read.code, read)
    }
    return [...found.values()]
  })
}

function givenTwice(code: number): OptionComplaint {
  return { message: `option ${code} is given twice`, hint: 'keep it under its number or under its name' }
}

export const options4 = dhcpOptions(optionTable4)
export const options6 = dhcpOptions(optionTable6)

/** What stands in option 67 of DHCP: a name that the client asks its server for, or a URL. */
export const bootFile = wordAs(
  (text) => (/^[!-~]{1,255}$/.test(text) && (!text.includes('://') || URL.canParse(text)) ? text : undefined),
  'not the name or the URL of a boot file',
  'write it without blanks and within 255 characters, like ztp/leaf.py, http://10.77.0.1/onie.bin or tftp://10.77.0.9/phone.cfg',
)

/** Boot loaders end a file name at a blank. */
export const bootPath = wordAs(
  (text) => (isInnerPath(text) && !/\s/.test(text) ? text : undefined),
  'not a path that a boot loader can ask for',
  'write it relative, with slashes and without blanks, like boot/vmlinuz',
)

/** Relative, with slashes, no control characters, no part that is empty, `.` or `..`. */
export function isInnerPath(text: string): boolean {
  if (text === '' || text.length > 1024 || /[\p{Cc}\\]/u.test(text)) return false
  return text.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

/** Text that ends up in one line of a menu; line ends are blanks there. */
export const args = word.transform((text, context) => {
  if (!/[^\P{Cc}\n\t\r]/u.test(text) && text.length <= 4096) return text
  context.addIssue({
    code: 'custom',
    message: 'kernel arguments hold a control character or more than 4096 characters',
    params: { hint: 'x86 kernels read 2048 bytes of command line; put long values behind a URL' },
  })
  return z.NEVER
})

/** The head of a menu: what every loader can show. */
export const title = wordAs(
  matching(/^(?![- ])[\x20-\x7e]{1,60}$/, 60),
  'not a title that every loader can show',
  'one line of 60 ASCII characters at most, beginning with a letter',
)

/** crypt(3) as `openssl passwd` makes it: SHA-512 or SHA-256, with the usual number of rounds. */
export const passwordHash = word.refine((text) => cryptForm.test(text), {
  // It may be the password itself, so it is not repeated.
  error: 'not the hash of a password',
  params: { hint: 'make one with openssl passwd -6' },
})
const cryptForm = /^\$(?:6\$[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}|5\$[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43})$/

/** An `image:` is an OCI reference: a repository and, behind `:` or `@`, which version. */
export const image = wordAs(
  matching(/^[a-z0-9]+(?:[._/:-][A-Za-z0-9_][A-Za-z0-9._-]*)*(?:@sha256:[0-9a-f]{64})?$/, 400),
  'not the name of an image',
  'write a repository and a version, like porter:13',
)

export const pattern = wordAs(
  matching(/^[A-Za-z0-9._*?-]+$/, 200),
  'neither the name of a machine nor a pattern',
  'write a name, or a pattern like web-* or rack?-db',
)

export const multicast = wordAs(
  (text) => ((readIpv4(text) ?? 0) >>> 28 === 14 ? text : undefined),
  'not an IPv4 multicast group',
  'write one of 239.0.0.0 to 239.255.255.255',
)

export const megabits = wordAs(
  (text) => (/^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined),
  'not a rate',
  'write whole Mbit/s, like 400',
)

export const webUrl = wordAs(
  (text) => (/^https?:\/\/[^\s?#]+$/.test(text) && URL.canParse(text) ? withoutEnd(text, '/') : undefined),
  'not an HTTP URL without ? and #',
  'write it like http://mirror.example.org/images',
)

export const apiUrl = wordAs(
  (text) => (/^https?:\/\/[^\s?#@]+$/.test(text) && URL.canParse(text) ? withoutEnd(text, '/') : undefined),
  'not an HTTP URL without ?, # and a password',
  'write it like http://inventory.example.org:8080',
)

export const url = wordAs(
  (text) => (/^(?:https?|ftp|nfs):\/\/[^\s]+$/.test(text) && URL.canParse(text) ? text : undefined),
  'not a URL',
  'write it like http://deb.debian.org/debian',
)
