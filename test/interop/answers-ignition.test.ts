import { execFile } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { externalChecks } from '../../src/answer/external.ts'
import { familyOf } from '../../src/answer/families.ts'
import { contextFor, fewVars, fullVars, installs, renderFor, shipped } from '../answer/shipped.ts'
import { labTest } from '../lab/needs.ts'
import { openAnswerScene } from './answers-scene.ts'

const run = promisify(execFile)

const binary = '/usr/lib/dracut/modules.d/30ignition/ignition'
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJpcm5hbQ macbeth@inverness'
const fleet = (profile: string): string => `
machines: [{ name: duncan, mac: "52:54:00:77:00:01", profile: server }]
profiles:
  - { name: server, distro: coreos, answer: kickstart/ignition/server.bu.hbs, ${profile} }
distros: [{ name: coreos, family: ignition, version: 43, kernel: boot/vmlinuz, initrd: boot/initrd.gz }]
`
const users = `users: [{ name: macbeth, ssh_keys: ["${key}"] }]`

/** Ignition writes the keys of a user as that user, who must get there. */
function openRoot(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'birnam-ignition-'))
  chmodSync(path, 0o755)
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

/**
 * Ignition's own stages as the initramfs runs them, told of the answer by the kernel line alone, into a directory. That has no SELinux,
 * so labels, the last thing of all, fail.
 */
async function ignite(words: readonly string[], root: string): Promise<void> {
  mkdirSync(join(root, 'etc'))
  writeFileSync(join(root, 'cmdline'), `${words.join(' ')}\n`)
  const stage = (name: string): string =>
    `${binary} --platform=metal --stage=${name} --fetch-timeout=20s --root=${root} --config-cache=${root}/cache --state-file=${root}/state --neednet=${root}/net --log-to-stdout`
  const script = `set -e; mount --bind ${root}/cmdline /proc/cmdline; ${stage('fetch')} > ${root}/log; ${stage('files')} > ${root}/log || grep 'CRITICAL.*relabeling' ${root}/log`
  await run('unshare', ['-m', 'sh', '-c', script])
}

labTest(
  'Ignition itself fetches the answer of a live system and makes of it files, links, units and users',
  ['root', 'unshare', 'ignition-validate'],
  async () => {
    await using scene = await openAnswerScene(fleet(`kind: live, vars: { ${users} }`))
    using place = openRoot()
    const { words } = await scene.boot()
    await ignite(words, place.path)
    const at = (name: string): string => join(place.path, name)
    expect(readFileSync(at('etc/hostname'), 'utf8')).toBe('duncan')
    expect(readlinkSync(at('etc/localtime'))).toBe('../usr/share/zoneinfo/Etc/UTC')
    expect(readFileSync(at('home/macbeth/.ssh/authorized_keys.d/ignition'), 'utf8')).toBe(`${key}\n`)
    expect(statSync(at('etc/birnam/done.sh')).mode & 0o777).toBe(0o700)
    expect(readFileSync(at('etc/birnam/done.sh'), 'utf8')).toContain(`birnam_url='${scene.url}/r/`)
    expect(existsSync(at('etc/systemd/system/birnam-done.service'))).toBe(true)
  },
)

labTest(
  'Ignition itself reads what installs, and the permit is claimed by it',
  ['root', 'unshare', 'ignition-validate'],
  async () => {
    await using scene = await openAnswerScene(fleet(`kind: install, vars: { ${users} }`))
    using place = openRoot()
    const { words } = await scene.boot('grub')
    await ignite(words, place.path)
    const script = readFileSync(join(place.path, 'etc/birnam/install.sh'), 'utf8')
    const answer = /^url = "(.*\/config\.ign)"$/m.exec(script)![1]!
    expect(await (await fetch(answer)).json()).toMatchObject({ ignition: { version: '3.3.0' } })
    expect(scene.permit()).toBe('claimed')
  },
)

labTest(
  'Ignition is told that the answer is newer than what it reads',
  ['root', 'unshare', 'ignition-validate'],
  async () => {
    const butane = 'variant: fcos\nversion: 1.6.0\npasswd: { users: [{ name: a, ssh_authorized_keys: [k] }] }\n'
    const site = fleet('kind: live').replace('kickstart/ignition/server.bu.hbs', 'answers/new.bu')
    await using scene = await openAnswerScene(site, { 'answers/new.bu': butane })
    const { words } = await scene.boot()
    const url = words.find((word) => word.startsWith('ignition.config.url='))!.split('=')[1]!
    const ask = (accept: string): Promise<Response> => fetch(url, { headers: { accept } })
    expect((await ask('*/*')).headers.get('content-type')).toBe('application/vnd.coreos.ignition+json')
    // What Ignition 2.14 sends.
    const refused = await ask('application/vnd.coreos.ignition+json;version=3.3.0, */*;q=0.1')
    expect([refused.status, await refused.text()]).toEqual([
      500,
      expect.stringContaining(
        "this machine's Ignition reads versions up to 3.3.0, and the answer is 3.5.0: lower version: in it",
      ),
    ])
    expect((await ask('application/vnd.coreos.ignition+json;version=3.5.0, */*;q=0.1')).status).toBe(200)
  },
)

const external = await externalChecks()
const absent = !external.names.includes('ignition-validate')
const family = familyOf({ family: 'ignition' })
const install = installs.find((one) => one.family === 'ignition')!
const texts = {
  'a full machine': renderFor(install, fullVars),
  'a machine with one user': renderFor(install, fewVars),
  'a Flatcar': renderFor(install, { ...fullVars, variant: 'flatcar' }),
  'the live system that installs': shipped.render(
    'kickstart/ignition/installer.bu.hbs',
    contextFor(install, fewVars),
    'duncan',
  ),
}

test.skipIf(absent).each(Object.entries(texts))(
  `ignition-validate passes the answer for %s${absent ? ' (skipped: needs the Debian package ignition)' : ''}`,
  async (_, butane) => {
    const made = family.make!(butane, undefined)
    expect(made).toHaveProperty('text')
    if ('text' in made) expect(await external.validate('ignition', made.text, '43')).toEqual([])
  },
)

const storage = `variant: fcos
version: 1.4.0
storage:
  disks:
    - device: /dev/vda
      wipe_table: true
      partitions: [{ label: root, number: 1, size_mib: 4096, start_mib: 1, type_guid: 0FC63DAF-8483-4772-8E79-3D69D8477DE4 }]
  raid: [{ name: data, level: raid1, devices: [/dev/vdb, /dev/vdc], options: [--bitmap=none] }]
  luks:
    - { name: secret, device: /dev/md/data, wipe_volume: true, key_file: { inline: hello }, clevis: { tang: [{ url: "http://t/", thumbprint: x }], threshold: 1 } }
  filesystems: [{ device: /dev/mapper/secret, format: xfs, path: /var, wipe_filesystem: true, mount_options: [noatime] }]
  directories: [{ path: /srv, mode: 0755, user: { name: core } }]
  links: [{ path: /a, target: /b, hard: false }]
  files:
    - { path: /etc/x, append: [{ inline: "a=1\\nü\\n" }], contents: { source: "https://h/x", compression: gzip, http_headers: [{ name: a, value: b }], verification: { hash: sha512-${'a'.repeat(128)} } } }
ignition:
  config: { merge: [{ source: "https://h/more.ign" }] }
  timeouts: { http_total: 30 }
  proxy: { https_proxy: "https://p:1", no_proxy: [h] }
systemd: { units: [{ name: a.service, mask: true }, { name: b.service, dropins: [{ name: x.conf, contents: "[Unit]\\n" }] }] }
kernel_arguments: { should_exist: [quiet], should_not_exist: [rhgb] }
passwd: { groups: [{ name: thanes, gid: 900, system: true }], users: [{ name: core, uid: 1000, no_create_home: true, home_dir: /x, should_exist: true }] }
`

test.skipIf(absent)(
  `ignition-validate knows every key that is converted${absent ? ' (skipped: needs the Debian package ignition)' : ''}`,
  async () => {
    const made = family.make!(storage, undefined)
    expect(made).toHaveProperty('text')
    if ('text' in made) expect(await external.validate('ignition', made.text, '43')).toEqual([])
  },
)
