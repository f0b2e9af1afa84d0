/** Why a setting is not taken; undefined for what has no meaning here. Values are never repeated. */
export function reasonFor(keyword: string): string | undefined {
  if (same.has(keyword)) return undefined
  if (boots.test(keyword)) return ofBoot
  if (classes.test(keyword)) return ofClass
  if (names.test(keyword)) return 'Birnam answers no DNS: dnsmasq can go on to, with DHCP and TFTP taken out'
  return reasons[keyword] ?? 'nothing here does the same'
}

const ofBoot = 'what a machine boots is its profile here, and Birnam names the file and the server'
const ofClass =
  'there are no classes here: loaders follow from the architecture, and what a machine gets from its groups and its profile'
const boots = /^(?:dhcp-boot|pxe-|tftp-|enable-tftp)/
const classes =
  /^(?:dhcp-match|dhcp-vendorclass|dhcp-userclass|dhcp-mac|dhcp-circuitid|dhcp-remoteid|dhcp-subscrid|dhcp-name-match|tag-if|dhcp-ignore)/
const names =
  /^(?:server|rev-server|local|address|cache-size|no-resolv|no-poll|resolv-file|no-hosts|addn-hosts|hostsdir|expand-hosts|domain-needed|bogus-priv|bogus-nxdomain|filter|localise-queries|host-record|interface-name|cname|mx-|srv-host|txt-record|ptr-record|naptr-record|caa-record|dns-|dnssec|trust-anchor|auth-|local-ttl|neg-ttl|max-|min-cache-ttl|strict-order|all-servers|rebind|stop-dns-rebind|port|edns|query-port|alias|ipset|nftset|selfmx|localmx|proxy-dnssec|conntrack|fast-dns|use-stale|add-)/

/** How it runs, and what Birnam does anyhow. */
const same: ReadonlySet<string> = new Set(
  'dhcp-authoritative dhcp-leasefile dhcp-lease-max dhcp-hostsfile dhcp-optsfile domain interface except-interface no-dhcp-interface listen-address bind-interfaces bind-dynamic user group pid-file log-queries log-dhcp log-facility log-async log-debug quiet-dhcp quiet-tftp quiet-ra keep-in-foreground no-daemon no-ping dhcp-no-override conf-script leasefile-ro read-ethers'.split(
    ' ',
  ),
)

const reasons: Readonly<Record<string, string>> = {
  'dhcp-script': 'nothing runs at a lease here',
  'dhcp-luascript': 'nothing runs at a lease here',
  'dhcp-option-force': 'options are told to those that ask',
  'dhcp-hostsdir': 'its files are not read: name them by dhcp-hostsfile',
  'dhcp-optsdir': 'its files are not read: name them by dhcp-optsfile',
  'dhcp-relay': 'Birnam relays nothing',
  'shared-network': 'write with: of the subnet',
  'enable-ra': 'router advertisements are not Birnam’s',
  'ra-param': 'router advertisements are not Birnam’s',
  'dhcp-proxy': 'relays are answered where they ask',
  'dhcp-rapid-commit': 'nothing here does the same, and nobody needs it',
  'dhcp-sequential-ip': 'addresses are chosen by the card here',
}
