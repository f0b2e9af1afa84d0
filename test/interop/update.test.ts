import { chmod, link, mkdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { tellWhenFailed } from '../lab/failed.ts'
import { run, type Child } from '../lab/child.ts'
import { LivingMachine, makeSystem, showWords } from '../lab/living.ts'
import { labTest } from '../lab/needs.ts'
import { openLan } from '../lab/network.ts'
import { serve, type BirnamServer } from '../lab/server.ts'
import { duncan, openSite, type LabSite } from '../lab/site.ts'

const needs = ['lan', 'rsync', 'curl', 'unshare', 'zstd', 'openssl'] as const

interface Scene extends AsyncDisposable {
  readonly site: LabSite
  readonly server: BirnamServer
  /** What is captured. */
  readonly tree: string
  readonly machine: LivingMachine
  capture(): Promise<void>
  /** The line that `birnam update` says to run, with these options. */
  line(...words: readonly string[]): Promise<string>
  events(): Promise<readonly Told[]>
  /** What another host of this network is told that runs such a line. */
  foreign(line: string): Promise<string>
  /** On the server's host. */
  start(command: readonly string[]): Child
}

interface Told {
  readonly type: string
  readonly detail?: Readonly<Record<string, unknown>>
}

/** porter:1 is captured and installed on duncan. */
async function openScene(
  files: Readonly<Record<string, string>> = {},
  settings: Readonly<Record<string, unknown>> = {},
  ...programs: readonly string[]
): Promise<Scene> {
  await using opening = new AsyncDisposableStack()
  const fleet = {
    machines: [{ ...duncan, profile: 'porter', vars: { role: 'king' } }],
    profiles: [{ name: 'porter', kind: 'image', image: 'porter' }],
  }
  const site = opening.use(await openSite({ fleet, files, server: settings }))
  const lan = opening.use(await openLan())
  const server = opening.use(await serve(lan, site))
  tellWhenFailed(server)
  const place = join(site.directory, '..')
  const tree = join(place, 'tree')
  await makeSystem(tree, ...programs)
  await fill(tree)
  const capture = async (): Promise<void> => void (await server.command('image', 'capture', tree, '--as', 'porter'))
  await capture()
  const { digest }: { digest: string } = JSON.parse(await server.command('image', 'show', 'porter:1', '--json'))
  const net = await lan.client(duncan.mac)
  await net.run(`ip address add ${duncan.ip}/24 dev eth0`)
  await net.run('ip link set lo up')
  const installed = `image=porter:1\ndigest=${digest}\nmachine=duncan\nrebuild=0\n`
  const machine = await LivingMachine.install(tree, join(place, 'machine'), net, installed)
  const moved = opening.move()
  return {
    site,
    server,
    tree,
    machine,
    capture,
    async line(...words) {
      const { command }: { command: string } = JSON.parse(await server.command('update', 'duncan', ...words, '--json'))
      return command
    },
    async events() {
      const text = await lan.server.run('curl -fsS http://127.0.0.1/api/events?machine=duncan')
      const events: readonly Told[] = JSON.parse(text)
      return events.filter(({ type }) => type.startsWith('update.')).toReversed()
    },
    start: (command) => lan.server.start(command),
    foreign: (line) => lan.server.run(['sh', '-c', line.replace('-fsSK', '-sSK').replace(/ *\| sh .*/, '')]),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

async function fill(tree: string): Promise<void> {
  await mkdir(join(tree, 'opt/app/sub'), { recursive: true })
  await mkdir(join(tree, 'opt/becomes-file'))
  await writeFile(join(tree, 'opt/becomes-file/inside'), 'x')
  await writeFile(join(tree, 'opt/becomes-directory'), 'x')
  await writeFile(join(tree, 'opt/app/one'), 'one')
  await link(join(tree, 'opt/app/one'), join(tree, 'opt/app/sub/one again'))
  await writeFile(join(tree, "opt/app/a 'quoted'\nname\\n"), 'odd')
  await writeFile(join(tree, 'opt/app/-rf'), 'option')
  await writeFile(join(tree, 'opt/app/goes'), 'goes')
  await symlink('one', join(tree, 'opt/app/link'))
  await writeFile(join(tree, 'boot/vmlinuz-1'), 'kernel 1')
  await writeFile(join(tree, 'usr/sbin/grub-mkconfig'), '#!/bin/sh\nls /boot/vmlinuz-* >"$2"\n', { mode: 0o755 })
}

async function change(tree: string): Promise<void> {
  await rm(join(tree, 'opt/becomes-file'), { recursive: true })
  await writeFile(join(tree, 'opt/becomes-file'), 'a file now')
  await rm(join(tree, 'opt/becomes-directory'))
  await mkdir(join(tree, 'opt/becomes-directory/deep'), { recursive: true })
  await writeFile(join(tree, 'opt/becomes-directory/deep/inside'), 'x')
  await writeFile(join(tree, 'opt/app/one'), 'two')
  await writeFile(join(tree, "opt/app/a 'quoted'\nname\\n"), 'odder')
  await writeFile(join(tree, 'opt/app/new\tname'), 'new')
  await rm(join(tree, 'opt/app/goes'))
  await rm(join(tree, 'opt/app/link'))
  await symlink('-rf', join(tree, 'opt/app/link'))
  await chmod(join(tree, 'opt/app/sub'), 0o750)
  await run([
    'sh',
    '-c',
    'setfattr -n user.colour -v red "$0/opt/app/one"; setfattr -n user.kind -v dir "$0/opt/app/sub"',
    tree,
  ])
  await rename(join(tree, 'boot/vmlinuz-1'), join(tree, 'boot/vmlinuz-2'))
  // A C library that is replaced under the running shell, tar and mv.
  for (const name of await libraries(tree))
    await run(['sh', '-c', 'cp "$0" "$0.new" && mv "$0.new" "$0"', join(tree, name)])
  await utimes(join(tree, 'srv'), 1e9, 1e9)
}

async function libraries(tree: string): Promise<readonly string[]> {
  return (await run(['sh', '-c', 'cd "$0" && find usr -name "libc.so*" -o -name "ld-linux*" -type f', tree]))
    .trim()
    .split('\n')
}

labTest(
  'a dry run tells every path, the update makes the machine what its image is, and one command puts all of it back',
  needs,
  async () => {
    const motd = 'I am {{machine.name}}, the {{vars.role}}\n'
    await using scene = await openScene({ 'overrides/all/etc/motd.hbs': motd }, {}, 'perl')
    const { tree, machine } = scene
    const before = join(tree, '../before')
    await run(['cp', '-a', tree, before])
    await change(tree)
    await scene.capture()

    const dry = await machine.run(await scene.line('--dry-run'))
    expect(dry.code, dry.text).toBe(0)
    expect(dry.text.split('\n')).toEqual(
      expect.arrayContaining([
        'remove /opt/app/goes',
        'remove /opt/becomes-file/inside',
        'write /opt/app/one',
        'write /opt/app/sub/one again',
        'write /opt/becomes-file',
        'add /opt/becomes-directory/deep/inside',
        "write /opt/app/a 'quoted'?name\\n",
        'add /boot/vmlinuz-2',
        'remove /boot/vmlinuz-1',
        'override /etc/motd',
      ]),
    )
    expect(await machine.differences(before)).toBe('')

    const update = await machine.run(await scene.line())
    expect(update.code, update.text).toBe(0)
    expect(await readFile(join(machine.root, 'etc/motd'), 'utf8')).toBe('I am duncan, the king\n')
    expect(await readFile(join(machine.root, 'boot/grub/grub.cfg'), 'utf8')).toBe('/boot/vmlinuz-2\n')
    await rm(join(machine.root, 'etc/motd'))
    await rm(join(machine.root, 'boot/grub/grub.cfg'))
    expect(withoutTimesOf(['etc', 'boot/grub'], await machine.differences(tree))).toBe('')
    expect(await readFile(join(machine.root, 'etc/hostname'), 'utf8')).toBe('duncan\n')
    expect(await readFile(join(machine.root, 'var/lib/birnam/installed'), 'utf8')).toContain('image=porter:2\n')
    expect((await scene.events()).map(({ type }) => type)).toEqual([
      'update.allowed',
      'update.allowed',
      'update.started',
      'update.done',
    ])

    const back = await machine.run('sh /var/lib/birnam/rollback.sh')
    expect(back.code, back.text).toBe(0)
    await rm(join(machine.root, 'boot/grub/grub.cfg'))
    expect(withoutTimesOf(['boot/grub', 'etc'], await machine.differences(before))).toBe('')
    expect(await readFile(join(machine.root, 'var/lib/birnam/installed'), 'utf8')).toContain('image=porter:1\n')

    const again = await machine.run(await scene.line('--to', 'porter:2'))
    expect(again.code, again.text).toBe(0)
    expect((await machine.run(await scene.line())).text).toContain('has porter:2 already')
  },
)

labTest('no list of processes shows the token of an update, nor does a file that others may read', needs, async () => {
  await using scene = await openScene()
  const { tree, machine } = scene
  await showWords(join(machine.root, 'usr/bin/curl'), '/root/words')
  await change(tree)
  await scene.capture()
  const line = await scene.line()
  const token = /\/u\/(\S+)/.exec(line)![1]!
  for (const words of [' --dry-run', ' --verify', '']) {
    const ran = await machine.run(line + words)
    expect(ran.code, ran.text).toBe(words === ' --verify' ? 1 : 0)
  }
  const shown = await readFile(join(machine.root, 'root/words'), 'utf8')
  expect(shown).toContain('Accept: application/vnd.oci.image.manifest.v1+json')
  expect(shown).toContain('kind=done')
  expect(shown).not.toMatch(/\/u\/|Bearer/)
  expect(shown).not.toContain(token.split('.')[1])
  const open = ['find', machine.root, '-type', 'f', '-perm', '/077', '-exec', 'grep', '-l', '/u/[A-Za-z0-9]', '{}', '+']
  expect(await run(['sh', '-c', '"$@" || :', 'sh', ...open])).toBe('')
})

/** This test has touched these. */
function withoutTimesOf(directories: readonly string[], text: string): string {
  return text
    .split('\n')
    .filter((line) => !directories.some((path) => line === `.d..t...... ${path}/`))
    .join('\n')
}

labTest('what fails while files are moved is put back, and the next run comes to its end', needs, async () => {
  const follow = 'follow_boot() { [ ! -e /srv/broken ]; }\n'
  await using scene = await openScene({ 'templates/update/_bootloader.sh.hbs': follow })
  const { tree, machine } = scene
  const before = join(tree, '../before')
  await run(['cp', '-a', tree, before])
  await change(tree)
  await scene.capture()
  await writeFile(join(machine.root, 'srv/broken'), '')
  const failed = await machine.run(await scene.line('--exclude', '/srv'))
  expect(failed.code, failed.text).toBe(1)
  expect(failed.text).toContain('the boot loader could not be brought along')
  expect(failed.text).toContain('duncan is as it was before')
  const own = ['srv', 'etc', 'boot/grub', 'opt/app']
  expect(withoutTimesOf(own, await machine.differences(before, '/srv/broken'))).toBe('')
  expect((await scene.events()).slice(-2)).toMatchObject([
    { type: 'update.failed', detail: { why: 'the boot loader could not be brought along' } },
    { type: 'update.undone' },
  ])

  await rm(join(machine.root, 'srv/broken'))
  const again = await machine.run(await scene.line())
  expect(again.code, again.text).toBe(0)
  expect(withoutTimesOf(own, await machine.differences(tree))).toBe('')
})

labTest(
  'how far a machine is from its image: what changed, is missing and was added, contents only when asked',
  needs,
  async () => {
    await using scene = await openScene({ 'update-exclude': '# not ours\n/opt/notes\n' })
    const { machine } = scene
    const at = (path: string): string => join(machine.root, path)
    const clean = await machine.run(await scene.line('--verify', '--checksum'))
    expect(clean.text).toMatch(/birnam: no drift\n$/)
    expect(clean.code).toBe(0)

    await chmod(at('opt/app/one'), 0o600)
    const odd = at("opt/app/a 'quoted'\nname\\n")
    await run(['sh', '-c', 'cp -p "$0" "$1" && printf ODD >"$0" && touch -r "$1" "$0" && rm "$1"', odd, at('srv/odd')])
    await rm(at('opt/app/goes'))
    await writeFile(at('opt/app/added'), 'x')
    await writeFile(at('opt/app/mine'), 'x')
    await writeFile(at('opt/notes'), 'x')
    const told = await machine.run(await scene.line('--verify', '--exclude', '/opt/app/mine'))
    expect(told.code).toBe(1)
    expect(told.text.split('\n')).toEqual(
      expect.arrayContaining(['changed /opt/app/one (mode)', 'missing /opt/app/goes', 'added /opt/app/added']),
    )
    expect(told.text).not.toMatch(/mine|notes|quoted/)
    const summed = await machine.run(await scene.line('--verify', '--checksum', '--exclude', '/opt/app/mine'))
    expect(summed.text).toMatch(/^changed \/opt\/app\/a 'quoted'.*\(content\)$/m)
    expect((await scene.events()).at(-1)).toMatchObject({ type: 'update.drift', detail: { missing: 1, added: 1 } })
  },
)

labTest(
  'the token opens the update from one address only; a layer with a wrong byte is refused, and a mirror without it is passed by',
  [...needs, 'busybox'],
  async () => {
    await using scene = await openScene({}, { images: { mirrors: ['http://10.77.0.1:8081'] } })
    const { tree, machine, site } = scene
    const before = join(tree, '../before')
    await run(['cp', '-a', tree, before])
    await change(tree)
    await scene.capture()
    const line = await scene.line()
    expect(await scene.foreign(line)).toContain('this update is refused: asked from a foreign address')

    await run(['cp', '-r', join(site.data, 'images'), join(tree, '../mirror')])
    await using _mirror = scene.start(['busybox', 'httpd', '-f', '-p', '8081', '-h', join(tree, '../mirror')])
    const { layers }: { layers: { digest: string }[] } = JSON.parse(
      await scene.server.command('image', 'show', 'porter:2', '--json'),
    )
    const blob = join(tree, '../mirror/blobs/sha256', layers.at(-1)!.digest.slice('sha256:'.length))
    const bytes = await readFile(blob)
    bytes[bytes.length >> 1]! ^= 1
    await chmod(blob, 0o600)
    await writeFile(blob, bytes)
    const refused = await machine.run(line)
    expect(refused.code, refused.text).toBe(1)
    expect(refused.text).toMatch(
      /it is refused, and nothing was changed|could not be unpacked, or did not arrive whole/,
    )
    expect(await machine.differences(before)).toBe('')

    await rm(blob)
    const from = await machine.run(line)
    expect(from.code, from.text).toBe(0)
    expect(from.text).toMatch(
      /cut after 0 of \d+ bytes from http:\/\/10\.77\.0\.1:8081\/blobs\/sha256 \(curl 22, HTTP 404\)/,
    )
  },
)
