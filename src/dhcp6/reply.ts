import { overlaid, type SiteOption } from '../net/dhcp-option.ts'
import { formatIpv6, ipv6Bytes, readIpv6 } from '../net/ipv6.ts'
import type { Advice6 } from './advice.ts'
import type { Given, Verdict6 } from './answer.ts'
import { classOf6 } from './client.ts'
import { option, option6, status, statusOption, u16, u32 } from './options.ts'
import { encodeReply6 } from './packet.ts'
import type { Request6 } from './request.ts'
import type { Subnet6 } from '../config/site.ts'

const advertise = 2
const reply = 7

export interface ReplyParts {
  readonly serverId: Buffer
  /** Our address on the client's link. */
  readonly server: bigint
  readonly advice: Advice6
  /** The subnet whose name servers are told. */
  readonly subnet: Subnet6 | undefined
  /** What the site tells everybody. */
  readonly site: readonly SiteOption[] | undefined
}

/** The bytes of an answer, relays' wrapping included. */
export function encodeAnswer(
  request: Request6,
  verdict: Extract<Verdict6, { say: 'advertise' | 'reply' }>,
  parts: ReplyParts,
): Buffer {
  const type = verdict.say === 'advertise' ? advertise : reply
  const options = [
    ...identities(request, parts.serverId),
    ...verdict.given.map(association),
    ...(verdict.status === undefined ? [] : [statusOption(verdict.status, statusTexts[verdict.status] ?? '')]),
    ...(isFarewell(request) ? [] : configuration(request, parts)),
    // Somebody whom the site names need not wait for other servers (§18.2.1).
    ...(type === advertise && parts.advice.machine !== undefined
      ? [option(option6.preference, Buffer.from([255]))]
      : []),
  ]
  return encodeReply6(type, options, request.packet)
}

/** RFC 8415 §18.4: what was sent to this server alone is to be asked of all servers. */
export function encodeUseMulticast(request: Request6, serverId: Buffer): Buffer {
  const options = [...identities(request, serverId), statusOption(status.useMulticast, 'ask ff02::1:2')]
  return encodeReply6(reply, options, request.packet)
}

/** A URL as it is, a name as `tftp://[fd77::1]/name`: UEFI reads nothing else (RFC 5970 §3.1; UEFI 2.10 §24.3). */
export function bootUrl(file: string, server: bigint): string {
  return /^[a-z]+:\/\//.test(file) ? file : `tftp://[${formatIpv6(server)}]/${file}`
}

function identities({ clientId }: Request6, serverId: Buffer): readonly Buffer[] {
  return [option(option6.serverId, serverId), ...(clientId ? [option(option6.clientId, clientId)] : [])]
}

function isFarewell({ message }: Request6): boolean {
  return message === 'release' || message === 'decline' || message === 'confirm'
}

function association({ id, address, subnet, drop = [], status: code }: Given): Buffer {
  const lease = subnet?.lease ?? 0
  const [t1, t2] = address === undefined ? [0, 0] : [Math.floor(lease / 2), Math.floor((lease * 4) / 5)]
  return option(
    option6.iaNa,
    u32(id),
    u32(t1),
    u32(t2),
    ...(address === undefined ? [] : [addressOption(address, lease)]),
    ...drop.map((stale) => addressOption(stale, 0)),
    ...(code === undefined ? [] : [statusOption(code, statusTexts[code] ?? '')]),
  )
}

/** Preferred and valid for the same time: machines that boot have no use for an address that is deprecated. */
function addressOption(address: bigint, lease: number): Buffer {
  return option(option6.iaAddress, ipv6Bytes(address), u32(lease), u32(lease))
}

function configuration(request: Request6, parts: ReplyParts): readonly Buffer[] {
  const { server, advice, subnet } = parts
  const extra = extraOptions(parts)
  const isSaid = (code: number): boolean => extra.some((each) => each.code === code)
  const dns = subnet && subnet.dns.length > 0 ? subnet.dns.map((text) => readIpv6(text)!) : [server]
  const wantsBoot = request.wants.has(option6.bootUrl) || request.client.asker !== 'os'
  const url = advice.boot && wantsBoot ? bootUrl(advice.boot.file, server) : undefined
  return [
    ...(isSaid(option6.dns) ? [] : [option(option6.dns, ...dns.map(ipv6Bytes))]),
    ...(subnet?.domain === undefined || isSaid(option6.domain)
      ? []
      : [option(option6.domain, domainName(subnet.domain))]),
    ...(url === undefined ? [] : [option(option6.bootUrl, Buffer.from(url))]),
    // As over IPv4: an HTTP boot client only believes an answer that calls itself HTTPClient.
    ...(classOf6(request.packet) === 'HTTPClient' ? [httpClass] : []),
    ...extra.map(({ code, hex }) => option(code, Buffer.from(hex, 'hex'))),
  ]
}

/** Of the site, the subnet, the machine: the nearer one goes before; keys of the subnet before options of the site. */
function extraOptions({ site = [], subnet, advice }: ReplyParts): readonly SiteOption[] {
  const isKey = (code: number): boolean =>
    (code === option6.dns && subnet !== undefined && subnet.dns.length > 0) ||
    (code === option6.domain && subnet?.domain !== undefined)
  return overlaid(
    site.filter(({ code }) => !isKey(code)),
    subnet?.options ?? [],
    advice.options ?? [],
  )
}

/** 343 is Intel's enterprise number, under which UEFI writes this class. */
const httpClass = option(option6.vendorClass, u32(343), u16('HTTPClient'.length), Buffer.from('HTTPClient'))

/** RFC 1035 §3.1. */
function domainName(domain: string): Buffer {
  const labels = domain.split('.').map((label) => Buffer.from(label))
  return Buffer.concat([...labels.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.from([0])])
}

const statusTexts: Readonly<Record<number, string>> = {
  [status.success]: 'done',
  [status.noAddress]: 'no address is free',
  [status.noBinding]: 'not known here',
  [status.notOnLink]: 'not an address of this link',
}
