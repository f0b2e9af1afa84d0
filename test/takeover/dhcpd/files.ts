/** Files that dhcpd itself takes; test/interop/import-dhcpd.test.ts asks it. */

export const office = `# main office
authoritative;
ddns-update-style interim;
option domain-name "example.org";
option domain-name-servers 10.77.0.1, 9.9.9.9;
option ntp-servers 10.77.0.2;
default-lease-time 600;
max-lease-time 7200;
option arch code 93 = unsigned integer 16;
option vendor.rec code 100 = { integer 8, text };
key omapi { algorithm hmac-md5; secret "c2VjcmV0LXNlY3JldA=="; };
omapi-port 7911;
omapi-key omapi;
class "pxe" {
  match if substring (option vendor-class-identifier, 0, 9) = "PXEClient";
  if option arch = 00:07 { filename "grubx64.efi"; } else { filename "pxelinux.0"; }
  next-server 10.77.0.1;
}
subnet 10.77.0.0 netmask 255.255.255.0 {
  option routers 10.77.0.1, 10.77.0.254;
  range 10.77.0.100 10.77.0.199;
  range dynamic-bootp 10.77.0.210;
}
shared-network floor {
  option domain-name-servers 10.78.0.1;
  subnet 10.78.0.0 netmask 255.255.255.0 { option routers 10.78.0.1; }
  subnet 10.79.0.0 netmask 255.255.254.0 { option routers 10.79.0.1; default-lease-time 3600; }
  pool { allow members of "pxe"; range 10.78.0.10 10.78.0.20; }
  pool { range 10.79.0.10 10.79.1.20; }
}
host duncan { hardware ethernet 52:54:00:77:00:01; fixed-address 10.77.0.11; option host-name "duncan"; filename "x"; }
group kings {
  next-server 10.77.0.1;
  host macbeth { hardware ethernet 52:54:0:77:0:2; fixed-address 10.77.0.12; }
  host banquo_1 { hardware ethernet 52:54:00:77:00:03; fixed-address banquo.invalid; }
}
`

/** What people do with hosts. */
export const hosts = `subnet 10.77.0.0 netmask 255.255.255.0 { option routers 10.77.0.1; }
subnet 10.78.0.0 netmask 255.255.255.0 { }
host duncan { hardware ethernet 52:54:00:77:00:01; fixed-address 10.77.0.11; }
host duncan-upstairs { hardware ethernet 52:54:00:77:00:01; fixed-address 10.78.0.11; }
host two { hardware ethernet 52:54:00:77:00:04; fixed-address 10.99.0.1, 10.78.0.12; }
host gate { hardware ethernet 52:54:00:77:00:05; fixed-address 10.77.0.1; }
host card { hardware ethernet 52:54:00:77:00:06; fixed-address 10.77.0.11; }
host edge { hardware ethernet 52:54:00:77:00:07; fixed-address 10.77.0.255; }
host ring { hardware token-ring 52:54:00:77:00:08; fixed-address 10.77.0.18; }
host bare { option dhcp-client-identifier "bare"; fixed-address 10.77.0.19; }
`

/** Ranges that not everybody is to have, and odd ones. */
export const ranges = `deny unknown-clients; class "x" { match hardware; }
subnet 10.77.0.0 netmask 255.255.255.0 {
  range 10.77.0.199 10.77.0.100;
}
subnet 10.78.0.0 netmask 255.255.255.0 {
  allow unknown-clients;
  default-lease-time 30;
  pool { range 10.78.0.10 10.78.0.20; max-lease-time 60; }
  pool { deny members of "x"; range 10.78.0.30; }
}
subclass "x" 1:52:54:00:77:00:09;
subnet 10.79.0.0 netmask 255.255.255.128 { allow unknown-clients; range 10.79.0.1 10.79.0.126; option domain-name "two words"; }
`
