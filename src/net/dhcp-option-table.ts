import type { OptionTable, OptionType } from './dhcp-option.ts'

/** Why a site does not write an option: the protocol has it, or a key says it. */
const protocol = 'the protocol or the server itself writes it'
const said = (key: string): string => `write ${key} instead`

/** RFC 2132 and what came after it; 242 and its like are what makers of phones chose. */
export const optionTable4: OptionTable = {
  most: 254,
  named: {
    'time-offset': [2, 'u32'],
    routers: [3, 'ip'],
    'time-servers': [4, 'ip'],
    dns: [6, 'ip'],
    'log-servers': [7, 'ip'],
    'print-servers': [9, 'ip'],
    domain: [15, 'text'],
    'root-path': [17, 'text'],
    'ip-forwarding': [19, 'flag'],
    ttl: [23, 'u8'],
    mtu: [26, 'u16'],
    'nis-domain': [40, 'text'],
    'nis-servers': [41, 'ip'],
    ntp: [42, 'ip'],
    vendor: [43, 'hex'],
    wins: [44, 'ip'],
    'netbios-node': [46, 'u8'],
    'tftp-server': [66, 'text'],
    'smtp-servers': [69, 'ip'],
    timezone: [100, 'text'],
    'tzdb-timezone': [101, 'text'],
    'ipv6-only': [108, 'u32'],
    'default-url': [114, 'text'],
    'domain-search': [119, 'domains'],
    'sip-servers': [120, 'hex'],
    routes: [121, 'routes'],
    'vendor-specific': [125, 'hex'],
    'capwap-controllers': [138, 'ip'],
    'tftp-servers': [150, 'ip'],
    'ms-routes': [249, 'routes'],
    wpad: [252, 'text'],
  } satisfies Named,
  refused: new Map([
    ...[50, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 77, 81, 82, 90, 93, 94, 97, 118, 175, 208, 210].map(
      (code) => [code, protocol] as const,
    ),
    [1, said("the subnet's cidr:")],
    [28, said("the subnet's cidr:")],
    [12, said("the machine's hostname:")],
    [51, said("the subnet's lease:")],
    [67, said("the machine's file:")],
  ]),
}

/** RFC 8415 §24 and what came after it. */
export const optionTable6: OptionTable = {
  most: 65_535,
  named: {
    'sip-domains': [21, 'domains'],
    'sip-servers': [22, 'ip6'],
    dns: [23, 'ip6'],
    'domain-search': [24, 'domains'],
    sntp: [31, 'ip6'],
    timezone: [41, 'text'],
    'tzdb-timezone': [42, 'text'],
    ntp: [56, 'hex'],
    'captive-portal': [103, 'text'],
  } satisfies Named,
  refused: new Map([
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 18, 19, 20, 25, 26, 39, 60, 61, 62, 79].map(
      (code) => [code, protocol] as const,
    ),
    [59, said("the machine's file:")],
  ]),
}

type Named = Readonly<Record<string, readonly [code: number, type: OptionType]>>
