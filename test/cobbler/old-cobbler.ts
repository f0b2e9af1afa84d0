import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The files of a Cobbler server in a directory of their own, in the shape that 3.3 writes; `link:` makes a link. */
export interface OldCobbler extends Disposable {
  readonly place: string
  /** Its /var/lib/cobbler. */
  readonly base: string
  /** A site that is not there yet, and a data directory. */
  readonly site: string
  readonly data: string
}

type Files = Readonly<Record<string, string | Uint8Array | object | undefined>>

/** A map becomes JSON. */
export function openOldCobbler(change: Files = {}): OldCobbler {
  const place = mkdtempSync(join(tmpdir(), 'birnam-cobbler-'))
  for (const [name, text] of Object.entries({ ...files, ...change }))
    if (text !== undefined) put(join(place, name), text)
  return {
    place,
    base: join(place, 'var/lib/cobbler'),
    site: join(place, 'site'),
    data: join(place, 'data'),
    [Symbol.dispose]: () => rmSync(place, { recursive: true }),
  }
}

function put(path: string, text: string | Uint8Array | object): void {
  mkdirSync(dirname(path), { recursive: true })
  if (typeof text === 'string' && text.startsWith('link:')) symlinkSync(text.slice('link:'.length), path)
  else writeFileSync(path, typeof text === 'string' || text instanceof Uint8Array ? text : JSON.stringify(text))
}

const lib = 'var/lib/cobbler'
const mirror = '/var/www/cobbler/distro_mirror'
export const rootHash = '$6$dunsinane$notARealHashButLikeOne'

/** An item with what Cobbler writes into every one. */
const item = (name: string, more: object): object => ({
  name,
  uid: `uid-${name}`,
  ctime: 0,
  mtime: 0,
  owners: '<<inherit>>',
  comment: '',
  kernel_options: {},
  kernel_options_post: {},
  autoinstall_meta: {},
  ...more,
})

const card = (mac: string, ip: string, more: object = {}): object => ({
  mac_address: mac,
  ip_address: ip,
  netmask: '255.255.255.0',
  interface_type: 'na',
  static: false,
  ...more,
})

export const profile = (name: string, more: object): object =>
  item(name, { distro: '', parent: '', autoinstall: '<<inherit>>', enable_menu: true, ...more })

export const system = (name: string, more: object): object =>
  item(name, {
    profile: '',
    image: '',
    hostname: '',
    netboot_enabled: false,
    autoinstall: '<<inherit>>',
    interfaces: {},
    ...more,
  })

export const files: Files = {
  'etc/cobbler/settings.yaml': `server: 10.77.0.9\nnext_server_v4: 10.77.0.9\nhttp_port: 80\ndefault_password_crypted: "${rootHash}"\nkernel_options: {}\n`,
  [`.${mirror}/rocky9/vmlinuz`]: 'kernel of rocky',
  [`.${mirror}/rocky9/initrd.img`]: 'initrd of rocky',
  [`.${mirror}/deb12/linux`]: 'kernel of debian',
  [`.${mirror}/deb12/initrd.gz`]: 'initrd of debian',
  [`${lib}/collections/distros/rocky9.json`]: item('rocky9', {
    breed: 'redhat',
    os_version: 'rhel9',
    arch: 'x86_64',
    kernel: `${mirror}/rocky9/vmlinuz`,
    initrd: `${mirror}/rocky9/initrd.img`,
    autoinstall_meta: { tree: 'http://@@http_server@@/cblr/links/rocky9' },
  }),
  [`${lib}/collections/distros/deb12.json`]: item('deb12', {
    breed: 'debian',
    os_version: 'bookworm',
    arch: 'x86_64',
    kernel: `${mirror}/deb12/linux`,
    initrd: `${mirror}/deb12/initrd.gz`,
    autoinstall_meta: { tree: 'http://deb.example/debian' },
  }),
  [`${lib}/collections/profiles/web.json`]: profile('web', {
    distro: 'rocky9',
    autoinstall: 'web.ks',
    kernel_options: { console: ['tty0', 'ttyS0,115200'], quiet: null, 'net.ifnames': '0' },
    autoinstall_meta: { role: 'web', timezone: 'Europe/Berlin', packages: ['vim', 'tmux'] },
  }),
  [`${lib}/collections/profiles/web-test.json`]: profile('web-test', {
    parent: 'web',
    kernel_options: { '!quiet': '', debug: null },
    autoinstall_meta: { role: 'test', '!packages': '', packages: ['strace'] },
  }),
  [`${lib}/collections/profiles/mail.json`]: profile('mail', {
    distro: 'deb12',
    autoinstall: 'mail.seed',
    autoinstall_meta: { relay: 'relay.example' },
  }),
  [`${lib}/collections/systems/duncan.json`]: system('duncan', {
    profile: 'web',
    hostname: 'duncan.example',
    netboot_enabled: true,
    interfaces: { eth0: card('52:54:00:77:00:01', '10.77.0.11'), eth1: card('52:54:00:77:00:81', '10.78.0.11') },
  }),
  [`${lib}/collections/systems/macduff.json`]: system('macduff', {
    profile: 'web-test',
    hostname: 'macduff',
    power_type: 'ipmilan',
    power_address: '10.99.0.2',
    power_user: 'admin',
    power_pass: 'Dunsinane-1606',
    autoinstall_meta: { role: 'thane' },
    interfaces: { eth0: card('52:54:00:77:00:02', '10.77.0.12', { static: true }) },
  }),
  [`${lib}/collections/systems/banquo.json`]: system('banquo', {
    profile: 'mail',
    hostname: 'banquo',
    interfaces: { ens3: card('52:54:00:77:00:03', '10.77.0.13') },
  }),
  [`${lib}/collections/systems/lennox.json`]: system('lennox', {
    profile: 'web',
    hostname: 'lennox',
    autoinstall: 'rescue.j2',
    kernel_options: { console: 'ttyS1' },
    interfaces: { eth0: card('52:54:00:77:00:04', '10.77.0.14') },
  }),
  [`${lib}/collections/systems/default.json`]: system('default', { profile: 'web' }),
  [`${lib}/templates/web.ks`]: `## The answer of web servers.
# for $system_name, a $role
text
url --url=$tree
rootpw --iscrypted $default_password_crypted
timezone $timezone
#if $role == 'web'
firewall --http
#else if $getVar('strict', '') != ''
firewall --enabled
#else
firewall --disabled
#end if
%packages
#for $package in $packages
$package
#end for
%end
%pre
$SNIPPET('autoinstall_start')
echo {{literal}} $HOME \${HOSTNAME} \\$(date) > /tmp/pre
%end
%post
SNIPPET::motd
SNIPPET::keys
#set $where = 'here'
echo $where $mac_address_eth0 @@http_server@@
awk '{print $1}' /etc/passwd
$SNIPPET('autoinstall_done')
%end
`,
  [`${lib}/templates/mail.seed`]: `d-i mirror/http/hostname string deb.example
d-i passwd/root-password-crypted password $default_password_crypted
#import os
d-i netcfg/get_domain string $os.environ['DOMAIN']
d-i debconf/relay string $relay
d-i preseed/late_command string wget -O- \\
   http://$http_server/cblr/svc/op/script/$what/$name/?script=late | \\
   chroot /target /bin/sh -s
`,
  [`${lib}/templates/rescue.j2`]: `#template=jinja2
# {{ system_name }} {# nobody reads this #}
{% if role == 'web' -%}
text {{ nothing | default('at all') }}
{% endif -%}
{% for package in packages %}{{ package }};{% endfor %}
{% include 'motd' %}
rootpw --lock
`,
  [`${lib}/scripts/late`]: '#!/bin/sh\necho $relay\n$SNIPPET("kickstart_done")\n',
  [`${lib}/snippets/motd`]: 'echo "welcome to $system_name" > /etc/motd\n',
  [`${lib}/snippets/per_system/motd/macduff`]: 'echo "lay on" > /etc/motd\n',
  [`${lib}/snippets/per_profile/motd/mail`]: 'echo "mail" > /etc/motd\n',
  [`${lib}/snippets/per_system/motd/gone`]: 'echo\n',
  [`${lib}/snippets/keys`]: '#if $role != "test"\necho key-of-$role\n#end if\n',
  [`${lib}/snippets/autoinstall_start`]: 'curl http://$http_server/cblr/svc/op/trig/mode/pre/system/$name\n',
  [`${lib}/snippets/autoinstall_done`]: 'curl http://$http_server/cblr/svc/op/nopxe/system/$name\n',
}
