import type { Lan } from './network.ts'

/** What machines get by DHCPv6 lies in it; it is on the link. */
const prefix = 'fd77::'

/** The server has an IPv6 address, and a router says that addresses come by DHCPv6 (the M flag, and a prefix without the A flag: RFC 4861 §4.2, §4.6.2). */
export async function advertiseManaged(lan: Lan): Promise<void> {
  await lan.server.run(`ip address add ${prefix}1/64 dev ${lan.interface} nodad`)
  const option = `pack("CCCCNNN", 3, 4, 64, 0x80, 3600, 3600, 0) . inet_pton(AF_INET6, "${prefix}")`
  await sendEverySecond(lan, `pack("CCnCCnNN", 134, 0, 0, 64, 0xc0, 0, 0, 0) . ${option}`)
}

/**
 * Sends an empty IPv6 router advertisement (no prefix, lifetime 0) every second: iPXE 1.0.0 waits 13 s for one after its DHCP
 * ACK. Perl, because it is in every Debian and Node has no raw sockets.
 */
export async function advertise(lan: Lan): Promise<void> {
  await sendEverySecond(lan, 'pack("CCnCCnNN", 134, 0, 0, 64, 0, 0, 0, 0)')
}

async function sendEverySecond(lan: Lan, advertisement: string): Promise<void> {
  const program = `
    use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6);
    $| = 1;
    socket(my $wire, AF_INET6, SOCK_RAW, 58) or die "socket: $!";
    setsockopt($wire, 41, 18, pack("i", 255)) or die "hops: $!";
    my $index = do { open(my $file, "<", "/proc/net/if_inet6"); my ($line) = grep { /\\b${lan.interface}$/ } <$file>; hex((split " ", $line)[1]) };
    my $all = pack_sockaddr_in6(0, inet_pton(AF_INET6, "ff02::1"), $index);
    print "advertising\\n";
    while (1) { send($wire, ${advertisement}, 0, $all); sleep 1 }`
  const child = lan.keep(lan.server.start(['perl', '-e', program]))
  await child.sees(/advertising/)
}
