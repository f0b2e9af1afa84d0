import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { importCobbler, type ImportReport } from '../../src/cobbler/import.ts'
import { loadSite } from '../../src/config/read.ts'
import { parseMac } from '../../src/net/mac.ts'
import { asIfArmed } from '../../src/api/scene.ts'
import { openCore } from '../../src/app/core.ts'
import { contextOf } from '../../src/files/context.ts'
import { inMemory, openDatabase } from '../../src/store/sqlite/database.ts'
import { openShell } from '../cli/typed.ts'
import { openOldCobbler, profile, rootHash, system, type OldCobbler } from './old-cobbler.ts'

function take(old: OldCobbler): ImportReport {
  return importCobbler({ base: old.base, etc: join(old.place, 'etc/cobbler'), site: old.site, dryRun: false })
}

/** What the machine would be given, rendered by the house itself. */
export function answerOf(site: string, name: string): string {
  using opening = new DisposableStack()
  const database = opening.adopt(openDatabase(inMemory), (open) => open.close())
  const core = openCore({
    database,
    site: loadSite(site),
    addresses: { leaseOf: () => undefined, holderOf: () => undefined },
    httpPort: () => 80,
  })
  const machine = core.house.registry.named(name)!
  const house = asIfArmed(core.house, machine)
  const its = house.registry.profileOf(machine)!
  const session = house.sessions.imagined(machine.macs[0] ?? parseMac('52:54:00:00:00:01'), house.now())
  const context = contextOf(house, { machine, profile: its, mac: machine.macs[0]!, session, address: machine.ip! })
  return house.templates.render((its as { answer: string }).answer, context, name)
}

const leftOf = ({ left }: ImportReport, file: string): string[] =>
  left.filter((one) => one.file.endsWith(file)).map(({ line, why }) => `${line ?? ''} ${why}`.trim())

test('a Cobbler server becomes a site in which birnam check finds no error', async () => {
  using old = openOldCobbler()
  using shell = openShell(old.site)
  const { code, out, err } = await shell.type('import', 'cobbler', old.base)
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('4 machines, 0 groups, 3 profiles, 2 distros')
  const checked = await shell.type('check', '--json')
  const { findings } = JSON.parse(checked.out) as { findings: { message: string; severity: string }[] }
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([])
})

test('distros bring their kernels, profiles all that they inherit, machines their cards', () => {
  using old = openOldCobbler()
  take(old)
  const { distros, profiles, machines } = loadSite(old.site)
  expect(distros.map(({ name, family, version, kernel, tree }) => [name, family, version, kernel, tree])).toEqual([
    ['deb12', 'debian', '12', 'cobbler/boot/deb12/linux', 'http://deb.example/debian'],
    ['rocky9', 'redhat', '9', 'cobbler/boot/rocky9/vmlinuz', 'http://10.77.0.9/cblr/links/rocky9'],
  ])
  expect(readFileSync(join(old.site, 'cobbler/boot/rocky9/initrd.img'), 'utf8')).toBe('initrd of rocky')
  expect(profiles.map((each) => each.kind === 'install' && [each.name, each.distro, each.answer, each.args])).toEqual([
    ['mail', 'deb12', 'cobbler/templates/mail.seed.hbs', ''],
    ['web-test', 'rocky9', 'cobbler/templates/web.ks.hbs', 'console=tty0 console=ttyS0,115200 net.ifnames=0 debug'],
    [
      'web',
      'rocky9',
      'cobbler/answers/web.hbs',
      '{{#if (or vars.boot_args (eq vars.boot_args ""))}}{{vars.boot_args}}{{else}}console=tty0 console=ttyS0,115200 quiet net.ifnames=0{{/if}}',
    ],
  ])
  expect(machines.map(({ name, macs, ip, hostname, profile: named }) => [name, macs, ip, hostname, named])).toEqual([
    ['banquo', ['52:54:00:77:00:03'], '10.77.0.13', 'banquo', 'mail'],
    ['duncan', ['52:54:00:77:00:01', '52:54:00:77:00:81'], '10.77.0.11', 'duncan.example', 'web'],
    ['lennox', ['52:54:00:77:00:04'], '10.77.0.14', 'lennox', 'web'],
    ['macduff', ['52:54:00:77:00:02'], '10.77.0.12', 'macduff', 'web-test'],
  ])
})

test('a kickstart comes out as Cobbler wrote it, and reports at its start and end', () => {
  using old = openOldCobbler()
  take(old)
  const text = answerOf(old.site, 'duncan').replaceAll(/# birnam_report KIND[^]*?\n\}\n(?=birnam_report )/g, 'REPORT ')
  expect(text).toBe(
    `# for duncan, a web
text
url --url=http://10.77.0.9/cblr/links/rocky9
rootpw --iscrypted ${rootHash}
timezone Europe/Berlin
firewall --http
%packages
vim
tmux
%end
%pre
REPORT birnam_report started
echo {{literal}} $HOME \${HOSTNAME} $(date) > /tmp/pre
%end
%post
echo "welcome to duncan" > /etc/motd

echo key-of-web

echo here 52:54:00:77:00:01 10.77.0.1
awk '{print $1}' /etc/passwd
REPORT birnam_report done
%end
`.replaceAll('10.77.0.1\n', `${serverOf(text)}\n`),
  )
})

/** The address that this host would be reached at. */
function serverOf(text: string): string {
  return /^echo here \S+ (.*)$/m.exec(text)![1]!
}

test('variables of a sub-profile and of a machine win, and a snippet of one system is only its own', () => {
  using old = openOldCobbler()
  take(old)
  const text = answerOf(old.site, 'macduff')
  expect(text).toContain('# for macduff, a thane\n')
  expect(text).toContain('firewall --disabled\n%packages\nstrace\n%end\n')
  expect(text).toContain('echo "lay on" > /etc/motd\n\necho key-of-thane\n')
})

test('a Jinja template of one system is chosen by its variable, and comes out as Jinja wrote it', () => {
  using old = openOldCobbler()
  take(old)
  expect(answerOf(old.site, 'lennox')).toBe(
    '# lennox \ntext at all\nvim;tmux;\necho "welcome to lennox" > /etc/motd\n\nrootpw --lock',
  )
})

test('lines of Python become comments, with file, line and reason; scripts that were fetched stand in the answer', () => {
  using old = openOldCobbler()
  const report = take(old)
  const text = answerOf(old.site, 'banquo')
  expect(text).toContain(
    "# #import os\n# d-i netcfg/get_domain string $os.environ['DOMAIN']\nd-i debconf/relay string relay.example\n",
  )
  expect(leftOf(report, 'templates/mail.seed')).toEqual([
    '3 could not be converted: it imports a module of Python',
    '4 could not be converted: it needs os, which is set by something that could not be converted',
  ])
  const script = /echo \\\n {3}(\S+) \| base64 -d \| \\\n {3}chroot \/target \/bin\/sh -s\n$/.exec(text)?.[1]
  const late = Buffer.from(script ?? '', 'base64').toString()
  expect(late.startsWith('#!/bin/sh\necho relay.example\n')).toBe(true)
  expect(late.endsWith('birnam_report done\n')).toBe(true)
})

test('nothing is armed: what was about to be installed is named, and so is everything that was left behind', () => {
  using old = openOldCobbler()
  const report = take(old)
  expect(report.todo[0]).toBe(
    'these were about to be installed (netboot_enabled), and are not: birnam reinstall duncan',
  )
  expect(report.todo.join('\n')).toContain('still fetched from the old server, 10.77.0.9')
  expect(report.todo.join('\n')).toContain('these had fixed addresses in the installed system')
  expect(leftOf(report, 'systems/default.json')[0]).toContain('strangers:')
  expect(leftOf(report, 'per_system/motd/gone')).toEqual(['there is no system of that name'])
  expect(leftOf(report, 'collections/systems')).toEqual([
    'power switches and their passwords are not taken over (macduff): use the tool that you have',
  ])
  expect(leftOf(report, 'systems/duncan.json')).toEqual([
    'has 2 addresses, and a machine gets one here: that of its first interface',
  ])
})

test('what is told holds no password, and neither does the list of nouns hold those of power switches', async () => {
  using old = openOldCobbler()
  using shell = openShell(old.site)
  for (const words of [['--dry-run'], ['--dry-run', '--json'], []]) {
    const { out, err } = await shell.type('import', 'cobbler', old.base, ...words)
    expect(`${out}${err}`).not.toMatch(/Dunsinane-1606|\$6\$/)
  }
  expect(readFileSync(join(old.site, 'cobbler.yaml'), 'utf8')).not.toContain('Dunsinane-1606')
})

test('a dry run writes nothing, --json is one value, and a second import replaces nothing', async () => {
  using old = openOldCobbler()
  using shell = openShell(old.site)
  const dry = await shell.type('import', 'cobbler', old.base, '--dry-run')
  expect([dry.code, dry.out.startsWith('Would be taken over: '), existsSync(old.site)]).toEqual([0, true, false])
  const json = await shell.type('import', 'cobbler', old.base, '--dry-run', '--json')
  expect(JSON.parse(json.out)).toMatchObject({ machines: 4, profiles: 3, distros: 2, groups: 0 })
  expect((await shell.type('import', 'cobbler', old.base)).code).toBe(0)
  const before = readFileSync(join(old.site, 'cobbler.yaml'), 'utf8')
  const again = await shell.type('import', 'cobbler', old.base)
  expect(again.code).not.toBe(0)
  expect(again.err).toContain('in the site already')
  expect(readFileSync(join(old.site, 'cobbler.yaml'), 'utf8')).toBe(before)
})

test('fields of the old objects are variables where a template asks for them, and nowhere else', () => {
  const lib = 'var/lib/cobbler'
  using old = openOldCobbler({
    [`${lib}/collections/repos/extras.json`]: {
      name: 'extras',
      mirror: 'http://up.example/extras',
      mirror_locally: true,
    },
    [`${lib}/collections/systems/banquo.json`]: system('banquo', {
      profile: 'mail',
      hostname: 'banquo',
      gateway: '10.77.0.1',
      name_servers: ['10.77.0.2', '10.77.0.3'],
      virt_ram: 512,
      interfaces: {
        'ens3.7': { mac_address: '52:54:00:77:00:03', ip_address: '10.77.0.13', netmask: '255.255.255.0' },
      },
    }),
    [`${lib}/collections/profiles/mail.json`]: profile('mail', {
      distro: 'deb12',
      autoinstall: 'mail.seed',
      repos: ['extras'],
      redhat_management_key: '',
    }),
    [`${lib}/templates/mail.seed`]: `d-i mirror/http/hostname string $http_server
d-i mirror/http/directory string $install_source_directory
#if $os_version.lower() == 'bookworm' and $breed == 'debian'
$gateway $name_servers[1] $netmask_ens3_7 $interfaces['ens3.7'].ip_address [$redhat_management_key]
#end if
$yum_repo_stanza
`,
  })
  const report = take(old)
  expect(answerOf(old.site, 'banquo')).toBe(`d-i mirror/http/hostname string deb.example
d-i mirror/http/directory string /debian
10.77.0.1 10.77.0.3 255.255.255.0 10.77.0.13 []
repo --name=extras --baseurl=http://10.77.0.9/cobbler/repo_mirror/extras
`)
  expect(leftOf(report, 'mail.seed')).toEqual([])
  const { vars } = loadSite(old.site).machines.find(({ name }) => name === 'banquo')!
  expect(Object.keys(vars).toSorted()).toEqual(['gateway', 'interfaces', 'name_servers'])
})

test('a site of Cobbler 2, and interfaces as Cobbler 4 keeps them, are read too', () => {
  const lib = 'var/lib/cobbler'
  using old = openOldCobbler({
    [`${lib}/config/profiles.d/old.json`]: {
      name: 'old',
      distro: 'rocky9',
      kickstart: '/var/lib/cobbler/kickstarts/old.ks',
      ks_meta: 'role=old colour=red',
    },
    [`${lib}/collections/systems.d/older.json`]: { name: '52:54:00:77:00:55', profile: 'old' },
    [`${lib}/collections/systems/newer.json`]: system('newer', { profile: 'uid-web' }),
    [`${lib}/collections/network_interfaces/n.json`]: {
      name: 'eth0',
      uid: 'x',
      system_uid: 'uid-newer',
      mac_address: '52:54:00:77:00:56',
      ipv4: { address: '10.77.0.56' },
    },
    [`${lib}/kickstarts/old.ks`]: 'rootpw --lock\n# $role $colour\n%post\n$SNIPPET("kickstart_done")\n%end\n',
  })
  take(old)
  expect(answerOf(old.site, '52-54-00-77-00-55')).toContain('# old red\n')
  const machines = loadSite(old.site).machines.filter(({ name }) => /^(?:52-|newer)/.test(name))
  expect(machines.map(({ macs, ip, profile: named }) => [macs, ip, named])).toEqual([
    [['52:54:00:77:00:56'], '10.77.0.56', 'web'],
    [['52:54:00:77:00:55'], undefined, 'old'],
  ])
})

test('a Debian of Cobbler that is Ubuntu has the installer that its answer is for', () => {
  const lib = 'var/lib/cobbler'
  const ubuntu = (name: string): object => ({
    name,
    breed: 'ubuntu',
    os_version: 'jammy',
    kernel: '/var/www/cobbler/distro_mirror/deb12/linux',
    initrd: '/var/www/cobbler/distro_mirror/deb12/initrd.gz',
  })
  using old = openOldCobbler({
    [`${lib}/collections/distros/u1.json`]: ubuntu('u1'),
    [`${lib}/collections/distros/u2.json`]: ubuntu('u2'),
    [`${lib}/collections/profiles/u1.json`]: profile('u1', { distro: 'u1', autoinstall: 'user-data' }),
    [`${lib}/collections/profiles/u2.json`]: profile('u2', { distro: 'u2', autoinstall: 'mail.seed' }),
    [`${lib}/templates/user-data`]: '#cloud-config\nautoinstall:\n  version: 1\n',
  })
  take(old)
  const distros = loadSite(old.site).distros.filter(({ name }) => name.startsWith('u'))
  expect(distros.map(({ name, family, version }) => [name, family, version])).toEqual([
    ['u1', 'ubuntu', '22.04'],
    ['u2', 'debian', '22.04'],
  ])
})

test('a profile that says nothing of its answer has that of the settings; one that says none is live only when its line shows a live root', () => {
  const lib = 'var/lib/cobbler'
  const none = (name: string, kernelOptions: object): Record<string, object> => ({
    [`${lib}/collections/profiles/${name}.json`]: profile(name, {
      distro: 'rocky9',
      autoinstall: '',
      kernel_options: kernelOptions,
    }),
  })
  const live = { boot: 'live', fetch: 'http://old.example/fs.squashfs' }
  using old = openOldCobbler({
    'etc/cobbler/settings.yaml': 'server: 10.77.0.9\nautoinstall: web.ks\ndefault_password_crypted: "*"\n',
    [`${lib}/collections/profiles/plain.json`]: profile('plain', { distro: 'rocky9' }),
    ...none('alive', live),
    ...none('bare', { rescue: null }),
    ...none('answered', { ...live, 'inst.ks': 'http://else.example/wipe.ks' }),
    ...none('deployer', { ...live, 'ipa-api-url': 'http://else.example:6385' }),
    [`${lib}/collections/systems/quiet.json`]: system('quiet', {
      profile: 'alive',
      kernel_options: { quiet: null },
      interfaces: { eth0: { mac_address: '52:54:00:77:02:01' } },
    }),
    [`${lib}/collections/systems/wiper.json`]: system('wiper', {
      profile: 'alive',
      kernel_options: { autodeploy: 'yes' },
      interfaces: { eth0: { mac_address: '52:54:00:77:02:02' } },
    }),
  })
  const report = take(old)
  const { profiles, machines } = loadSite(old.site)
  const names = ['alive', 'bare', 'answered', 'deployer', 'plain']
  expect(profiles.filter(({ name }) => names.includes(name)).map(({ name, kind }) => [name, kind])).toEqual([
    ['alive', 'live'],
    ['plain', 'install'],
  ])
  expect(machines.find(({ name }) => name === 'quiet')?.vars['boot_args']).toMatch(/boot=live.*quiet/)
  expect(machines.find(({ name }) => name === 'wiper')?.vars).not.toHaveProperty('boot_args')
  expect(leftOf(report, 'systems/wiper.json')).toEqual([
    'its kernel options are left out, and alive boots: autodeploy=… may start a program that writes disks',
  ])
  expect(leftOf(report, 'profiles/bare.json')[0]).toMatch(
    /^has no answer, and its line does not show that its root is read only or in RAM: .*kind: install/,
  )
  expect(leftOf(report, 'profiles/answered.json')[0]).toMatch(/its kernel options name an answer/)
  expect(leftOf(report, 'profiles/deployer.json')[0]).toMatch(/ipa-api-url=… may start a program/)
})
