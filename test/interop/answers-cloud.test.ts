import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { openPlace } from '../lab/place.ts'
import { openAnswerScene } from './answers-scene.ts'

const run = promisify(execFile)

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJpcm5hbQ macbeth@inverness'
const fleet = (kind: string, family: string, version: string): string => `
machines: [{ name: duncan, mac: "52:54:00:77:00:01", profile: server }]
profiles:
  - name: server
    kind: ${kind}
    distro: it
    answer: kickstart/${family}/user-data.hbs
    vars: { users: [{ name: macbeth, ssh_keys: ["${key}"] }] }
distros: [{ name: it, family: ${family}, version: "${version}", kernel: boot/vmlinuz, initrd: boot/initrd.gz, tree: "http://127.0.0.1/live-server.iso" }]
`

/** cloud-init's own NoCloud, told of its seed by the kernel line alone; what it found, as JSON. */
const program = `
import json, sys, yaml
from cloudinit import helpers
from cloudinit.sources.DataSourceNoCloud import DataSourceNoCloudNet
source = DataSourceNoCloudNet({}, None, helpers.Paths({"cloud_dir": sys.argv[1], "run_dir": sys.argv[1]}))
found = source.get_data()
print(json.dumps({"found": found, "id": source.get_instance_id(), "host": str(source.get_hostname().hostname),
  "user": yaml.safe_load(source.userdata_raw) if found else None, "vendor": source.vendordata_raw}, default=str))
`

async function nocloud(words: readonly string[]): Promise<Record<string, unknown>> {
  await using place = await openPlace()
  const env = { ...process.env, DEBUG_PROC_CMDLINE: words.join(' ') }
  const { stdout } = await run('/usr/bin/python3', ['-c', program, place.path], { env })
  return JSON.parse(stdout) as Record<string, unknown>
}

for (const [version, loader] of [
  ['22.04', 'pxelinux'],
  ['24.04', 'grub'],
  ['24.04', 'ipxe'],
] as const) {
  labTest(
    `cloud-init reads the autoinstall of Ubuntu ${version} by the kernel line of ${loader}`,
    ['cloud-init'],
    async () => {
      await using scene = await openAnswerScene(fleet('install', 'ubuntu', version))
      const { words } = await scene.boot(loader)
      expect(words).toEqual(expect.arrayContaining(['autoinstall', 'url=http://127.0.0.1/live-server.iso']))
      const found = await nocloud(words)
      expect(found).toMatchObject({ found: true, id: 'birnam-duncan', host: 'duncan', vendor: "b''" })
      expect(found['user']).toMatchObject({ autoinstall: { version: 1, locale: 'en_US.UTF-8' } })
      expect(scene.permit()).toBe('claimed')
    },
  )
}

labTest('GRUB itself reads the menu with ds=nocloud;s= as one word', ['grub-mkimage'], async () => {
  await using scene = await openAnswerScene(fleet('install', 'ubuntu', '24.04'))
  await using place = await openPlace()
  const { menu } = await scene.boot('grub')
  const file = join(place.path, 'grub.cfg')
  writeFileSync(file, menu)
  await run('grub-script-check', [file])
  // Without its quotes the word would end a command, and the rest would be another.
  expect(menu).toMatch(/^ {2}linux '[^']*' .*'ds=nocloud;s=http:\/\/127\.0\.0\.1:\d+\/a\/[\w.-]+\/'$/m)
})

labTest('cloud-init reads the user-data of a live system', ['cloud-init'], async () => {
  await using scene = await openAnswerScene(fleet('live', 'cloud', '24.1'))
  const found = await nocloud((await scene.boot()).words)
  expect(found).toMatchObject({
    found: true,
    host: 'duncan',
    user: { hostname: 'duncan', users: [{ name: 'macbeth' }] },
  })
})

labTest('after done, and for whoever has no token, cloud-init finds nothing', ['cloud-init'], async () => {
  await using scene = await openAnswerScene(fleet('install', 'ubuntu', '24.04'))
  const { words } = await scene.boot()
  const seed = words.find((word) => word.startsWith('ds='))!.replace(/^.*s=/, '')
  expect((await fetch(`${seed}meta-data`)).status).toBe(200)
  expect((await fetch(seed.replace(/[0-9a-f]{4}\/$/, 'beef/'))).status).toBe(403)
  expect((await fetch(`${scene.url}/a/52-54-00-77-00-01/user-data`)).status).toBe(403)
  const report = seed.replace('/a/', '/r/').replace(/\/$/, '')
  expect((await fetch(report, { method: 'POST', body: new URLSearchParams({ kind: 'done' }) })).status).toBe(200)
  expect(scene.permit()).toBe('used')
  for (const part of ['', 'user-data', 'meta-data', 'vendor-data']) expect((await fetch(seed + part)).status).toBe(410)
})
