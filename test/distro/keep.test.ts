import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { Paths } from '../../src/config/paths.ts'
import { LoaderFiles } from '../../src/files/loaders.ts'
import { openDirectory } from '../../src/distro/directory.ts'
import { isoOf } from './iso.ts'
import { at, initrdOf, kernelOf, netboot, openScene, read, rockyIso, ubuntuIso, type Files } from './scene.ts'

const day = 86_400_000

test('an imported distro is a distro like one of the site, and its files are found under d/', async () => {
  using scene = openScene()
  await scene.import(scene.tree('medium', rockyIso))
  const distros = scene.distros()
  expect(distros.find('rocky-9.6')!.distro).toMatchObject({
    name: 'rocky-9.6',
    family: 'redhat',
    version: '9',
    kernel: 'd/rocky-9.6/1/boot/vmlinuz',
    initrd: ['d/rocky-9.6/1/boot/initrd.img'],
    tree: 'd/rocky-9.6/1/tree',
  })
  expect(read(scene, 'd/rocky-9.6/1/tree/BaseOS/Packages/b/bash-5.1.8-9.el9.x86_64.rpm')).toBe('bash')
  expect(read(scene, 'd/rocky-9.6/tree/.discinfo')).toContain('9.6')
  expect([
    distros.isBoot('d/rocky-9.6/1/boot/vmlinuz'),
    distros.isBoot('d/rocky-9.6/1/tree/images/install.img'),
  ]).toEqual([true, false])
  expect(distros.names()).toEqual(['rocky-9.6'])
})

test("shim and GRUB of the medium are the distro's loaders, since no other vendor's GRUB starts its kernel", async () => {
  using scene = openScene()
  await scene.import(
    scene.tree('medium', { ...rockyIso, 'EFI/BOOT/BOOTX64.EFI': 'shim', 'EFI/BOOT/grubx64.efi': 'grub' }),
  )
  const distros = scene.distros()
  const { loaders } = distros.find('rocky-9.6')!.distro
  const files = new LoaderFiles(new Paths(scene.directory, '/nowhere'), distros)
  const text = (name: string): string => readFileSync(files.find(name, loaders)!, 'utf8')
  expect([loaders, text('shimx64.efi'), text('grubx64.efi')]).toEqual(['d/rocky-9.6/1/tree/EFI/BOOT', 'shim', 'grub'])
})

test.each([
  'd',
  'd/',
  'd/nobody/x',
  'd/rocky-9.6',
  'd/rocky-9.6/1',
  'd/rocky-9.6/2/boot/vmlinuz',
  'd/rocky-9.6/../rocky-9.6/1/boot/vmlinuz',
  'd/../../etc/passwd',
  'd/rocky-9.6/1/tree/BaseOS',
  'e/rocky-9.6/1/boot/vmlinuz',
])('the name %s finds nothing', async (name) => {
  using scene = openScene()
  await scene.import(scene.tree('medium', rockyIso))
  expect(scene.distros().path(name)).toBe(undefined)
})

test("Ubuntu's ISO is kept as one file, which is its tree", async () => {
  using scene = openScene()
  const nodes = Object.groupBy(Object.entries(ubuntuIso), ([path]) => path.split('/')[0]!)
  const bytes = isoOf(
    Object.entries(nodes).map(([name, files]) => ({
      name,
      children: files!.map(([path, content]) => ({ name: path.split('/')[1]!, bytes: content })),
    })),
  )
  const manifest = await scene.import(scene.write('ubuntu-24.04.3-live-server-amd64.iso', bytes))
  expect(manifest).toMatchObject({ name: 'ubuntu-24.04', tree: 'ubuntu-24.04-x86_64.iso', notes: [] })
  expect(read(scene, 'd/ubuntu-24.04/ubuntu-24.04-x86_64.iso')).toBe(bytes.toString('latin1'))
  expect(scene.left().filter((path) => path.startsWith('ubuntu-24.04/1/'))).toEqual([
    'ubuntu-24.04/1/boot',
    'ubuntu-24.04/1/boot/initrd',
    'ubuntu-24.04/1/boot/vmlinuz',
    'ubuntu-24.04/1/ubuntu-24.04-x86_64.iso',
  ])
})

test('a tree of elsewhere is not copied', async () => {
  using scene = openScene()
  const manifest = await scene.import(scene.tree('medium', rockyIso), { tree: 'http://mirror.example.org/rocky' })
  expect(manifest).toMatchObject({ tree: 'http://mirror.example.org/rocky', files: 2 })
  expect(scene.distros().find('rocky-9.6')!.distro.tree).toBe('http://mirror.example.org/rocky')
  expect(scene.left().some((path) => path.includes('tree'))).toBe(false)
})

test('a second one of the same name is refused, and a refresh takes its place in one step', async () => {
  using scene = openScene()
  const tree = scene.tree('medium', rockyIso)
  await scene.import(tree)
  expect(await scene.refused(tree)).toBe(
    'there is a distro rocky-9.6 already: Rocky Linux 9.6 (birnam distro refresh rocky-9.6 imports it again; or give this one another name with --as)',
  )
  scene.write('medium/BaseOS/Packages/b/bash-5.1.8-9.el9.x86_64.rpm', 'newer')
  const second = await scene.import(tree, { as: 'rocky-9.6', replace: true })
  expect(second.generation).toBe(2)
  expect(read(scene, 'd/rocky-9.6/tree/BaseOS/Packages/b/bash-5.1.8-9.el9.x86_64.rpm')).toBe('newer')
  // What began to install goes on with what it began with.
  expect(read(scene, 'd/rocky-9.6/1/tree/BaseOS/Packages/b/bash-5.1.8-9.el9.x86_64.rpm')).toBe('bash')
})

test('a generation that was replaced goes after a day, and the current one stays', async () => {
  using scene = openScene()
  const tree = scene.tree('medium', rockyIso)
  await scene.import(tree)
  await scene.import(tree, { as: 'rocky-9.6', replace: true })
  await scene.place.sweep(at + day - 1)
  expect(read(scene, 'd/rocky-9.6/1/boot/vmlinuz')).not.toBe('nothing')
  await scene.place.sweep(at + day + 1)
  expect(read(scene, 'd/rocky-9.6/1/boot/vmlinuz')).toBe('nothing')
  expect(read(scene, 'd/rocky-9.6/2/boot/vmlinuz')).not.toBe('nothing')
})

test('a refresh that fails leaves what was there', async () => {
  using scene = openScene()
  const tree = scene.tree('medium', rockyIso)
  await scene.import(tree)
  const before = scene.left()
  scene.write('medium/images/pxeboot/vmlinuz', kernelOf('5.14.0-evil'))
  expect(await scene.refused(tree, { as: 'rocky-9.6', replace: true })).toContain('is not the one that .treeinfo names')
  expect(scene.left()).toEqual(before)
})

test('of two imports of one name at once only one is made, and the other is told so', async () => {
  using scene = openScene()
  const tree = scene.tree('medium', rockyIso)
  const [first, second] = (
    await Promise.all([scene.refused(tree, { as: 'el' }), scene.refused(tree, { as: 'el' })])
  ).toSorted((a, b) => b.indexOf('imported as') - a.indexOf('imported as'))
  expect(first).toBe('it was imported as el')
  expect(second).toMatch(/^(?:another command works on el \(wait until it has ended\)|there is a distro el already)/)
  expect(scene.distros().names()).toEqual(['el'])
})

test('while a command works on a name, another one does not wait for it', async () => {
  using scene = openScene()
  await using _ = await scene.place.lock('rocky-9.6')
  expect(await scene.refused(scene.tree('medium', rockyIso))).toBe(
    'another command works on rocky-9.6 (wait until it has ended)',
  )
})

test('what is stopped in the middle leaves nothing', async () => {
  using scene = openScene()
  const tree = scene.tree('medium', rockyIso)
  const stop = new AbortController()
  const onProgress = (): void => stop.abort(new Error('stopped'))
  await expect(scene.import(tree, {}, { signal: stop.signal, onProgress })).rejects.toThrow('stopped')
  expect(scene.left()).toEqual([])
})

test('what a killed import left is cleared by the next one', async () => {
  using scene = openScene()
  // A process that is certainly gone: pid 1 did not start at tick 1.
  const owner = `1.1.${/\d+/.exec(readlinkSync('/proc/self/ns/pid'))![0]}.${readFileSync(
    '/proc/sys/kernel/random/boot_id',
    'utf8',
  )
    .replaceAll(/[^0-9a-f]/g, '')
    .slice(0, 12)}`
  mkdirSync(join(scene.place.directory, `${owner}-dead/tree`), { recursive: true })
  mkdirSync(join(scene.place.directory, 'half/1/tree'), { recursive: true })
  writeFileSync(join(scene.place.directory, '.half.lock'), owner)
  await scene.import(scene.tree('medium', netboot))
  expect(scene.left().filter((path) => /dead|half/.test(path))).toEqual([])
})

test('a manifest that nobody can read hides its distro and harms no other', async () => {
  using scene = openScene()
  await scene.import(scene.tree('medium', rockyIso))
  for (const [name, text] of [
    ['torn', '{"format":1,'],
    ['future', '{"format":2}'],
  ] as const) {
    mkdirSync(join(scene.place.directory, name))
    writeFileSync(join(scene.place.directory, name, 'manifest.json'), text)
  }
  expect(scene.distros().names()).toEqual(['rocky-9.6'])
})

test('what is not landed yet is no distro, even with a manifest in it', async () => {
  using scene = openScene()
  const manifest = await scene.import(scene.tree('medium', rockyIso))
  await using staging = await scene.place.staging()
  writeFileSync(join(staging.path, 'manifest.json'), JSON.stringify(manifest))
  expect(scene.distros().names()).toEqual(['rocky-9.6'])
  expect(scene.distros().find(basename(staging.path))).toBeUndefined()
})

test('progress tells bytes and files up to the end', async () => {
  using scene = openScene()
  const seen: string[] = []
  await scene.import(
    scene.tree('medium', rockyIso),
    {},
    { onProgress: ({ step, bytes, ofBytes }) => seen.push(`${step} ${bytes}/${ofBytes}`) },
  )
  const total = [...(await openDirectory(join(scene.directory, 'medium'))).entries.values()].reduce(
    (sum, { size }) => sum + size,
    0,
  )
  expect(seen.at(-1)).toBe(`copy ${total}/${total}`)
})

test('names that firmware could not ask for are made plain', async () => {
  using scene = openScene()
  const files: Files = { 'boot/my kernel': kernelOf('6.1.0'), 'boot/my initrd (1)': initrdOf('6.1.0') }
  const wish = { as: 'odd', family: 'debian', version: '12', kernel: 'boot/my kernel', initrd: ['boot/my initrd (1)'] }
  expect(await scene.import(scene.tree('medium', files), wish)).toMatchObject({
    kernel: 'boot/my-kernel',
    initrd: ['boot/my-initrd-1-'],
  })
})

test('kernel and initrd are not kept twice', async () => {
  using scene = openScene()
  await scene.import(scene.tree('medium', rockyIso))
  const distros = scene.distros()
  const inode = (name: string): number => statSync(distros.path(name)!).ino
  expect(inode('d/rocky-9.6/boot/vmlinuz')).toBe(inode('d/rocky-9.6/tree/images/pxeboot/vmlinuz'))
})

test('what came of a download goes after a day', async () => {
  using scene = openScene()
  const part = join(scene.place.directory, '.0123.part')
  writeFileSync(part, 'half')
  utimesSync(part, at / 1000, at / 1000)
  await scene.place.sweep(at + day / 2)
  expect(existsSync(part)).toBe(true)
  await scene.place.sweep(at + day * 2)
  expect(existsSync(part)).toBe(false)
})
