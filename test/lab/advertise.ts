import type { Lan } from './network.ts'

/**
 * Sends an empty IPv6 router advertisement (no prefix, lifetime 0) every second: iPXE 1.0.0 waits 13 s for one after its DHCP
 * ACK. Perl, because it is in every Debian and Node has no raw sockets.
 */
export async function advertise(lan: Lan): Promise<void> {
  const program = `
    use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6);
    $| = 1;
    socket(my $wire, AF_INET6, SOCK_RAW, 58) or die "socket: $!";
    setsockopt($wire, 41, 18, pack("i", 255)) or die "hops: $!";
    my $index = do { open(my $file, "<", "/proc/net/if_inet6"); my ($line) = grep { /\\b${lan.interface}$/ } <$file>; hex((split " ", $line)[1]) };
    my $all = pack_sockaddr_in6(0, inet_pton(AF_INET6, "ff02::1"), $index);
    print "advertising\\n";
    while (1) { send($wire, pack("CCnCCnNN", 134, 0, 0, 64, 0, 0, 0, 0), 0, $all); sleep 1 }`
  const child = lan.keep(lan.server.start(['perl', '-e', program]))
  await child.sees(/advertising/)
}
