import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildImager } from '../../src/imager/build.ts'
import { cpio, modes } from '../../src/imager/cpio.ts'
import { chooseModules } from '../../src/imager/modules.ts'
import { toolEntries, tools } from '../../src/imager/tools.ts'
import { missing } from '../lab/needs.ts'
import { openPlace } from '../lab/place.ts'

test('an archive is what cpio reads: directories, programs, links, names of any letters', async () => {
  await using place = await openPlace()
  const archive = cpio([
    { name: 'a', mode: modes.directory },
    { name: 'a/prögram', mode: modes.program, bytes: Buffer.from('#!x\n') },
    { name: 'a/link', mode: modes.link, bytes: Buffer.from('prögram') },
  ])
  execFileSync('busybox', ['cpio', '-idm'], { cwd: place.path, input: archive, stdio: ['pipe', 'ignore', 'ignore'] })
  expect(readFileSync(join(place.path, 'a/prögram'), 'utf8')).toBe('#!x\n')
  expect(statSync(join(place.path, 'a/prögram')).mode & 0o7777).toBe(0o755)
  expect(readlinkSync(join(place.path, 'a/link'))).toBe('prögram')
})

test('cards and disks are chosen with all that they need; radios, sound and graphics stay', () => {
  const index = [
    'kernel/drivers/net/ethernet/intel/e1000/e1000.ko: kernel/drivers/net/mii.ko kernel/net/odd/helper.ko',
    'kernel/drivers/net/mii.ko:',
    'kernel/net/odd/helper.ko:',
    'kernel/drivers/nvme/host/nvme.ko.xz: kernel/drivers/nvme/host/nvme-core.ko.xz',
    'kernel/drivers/nvme/host/nvme-core.ko.xz:',
    'kernel/drivers/net/wireless/ath/ath.ko:',
    'kernel/sound/core/snd.ko:',
    'kernel/drivers/gpu/drm/drm.ko:',
  ].join('\n')
  expect(chooseModules(index)).toEqual([
    'kernel/drivers/net/ethernet/intel/e1000/e1000.ko',
    'kernel/drivers/net/mii.ko',
    'kernel/drivers/nvme/host/nvme-core.ko.xz',
    'kernel/drivers/nvme/host/nvme.ko.xz',
    'kernel/net/odd/helper.ko',
  ])
})

test('a program that is missing is told with the package that brings it', async () => {
  const odd = [...tools, { name: 'no-such-program', package: 'no-such-package' }]
  await expect(toolEntries(odd)).rejects.toMatchObject({
    code: 'imager-failed',
    message: expect.stringContaining('no-such-program'),
    detail: { hint: expect.stringContaining('no-such-package') },
  })
})

const lacking = missing('imager')
const built = test.skipIf(lacking !== undefined)
const suffix = lacking === undefined ? '' : ` (skipped: ${lacking})`

/** A kernel that nobody could boot, with one driver. */
function fakeKernel(root: string): string {
  const tree = join(root, 'lib/modules/6.1.0-test')
  mkdirSync(join(tree, 'kernel/drivers/nvme'), { recursive: true })
  mkdirSync(join(root, 'boot'))
  writeFileSync(join(root, 'boot/vmlinuz-6.1.0-test'), 'kernel')
  writeFileSync(join(tree, 'kernel/drivers/nvme/nvme.ko'), 'not a module')
  writeFileSync(join(tree, 'modules.dep'), 'kernel/drivers/nvme/nvme.ko:\n')
  return root
}

built(
  `the same inputs give the same bytes, and a build that fails leaves the imager that was there${suffix}`,
  { timeout: 120_000 },
  async () => {
    await using place = await openPlace()
    const tree = join(place.path, 'tree')
    mkdirSync(tree)
    fakeKernel(tree)
    const build = (out: string, from = tree) =>
      buildImager({ out: join(place.path, out), publicKey: 'a key\n', tree: from, level: 1 })
    const [one, two] = [await build('one'), await build('two')]
    expect(two).toEqual(one)
    expect(
      readFileSync(join(place.path, 'one/initrd.img')).equals(readFileSync(join(place.path, 'two/initrd.img'))),
    ).toBe(true)
    expect(one).toMatchObject({ kernel: '6.1.0-test', modules: 1 })
    await expect(build('one', place.path)).rejects.toMatchObject({ code: 'imager-failed' })
    expect(JSON.parse(readFileSync(join(place.path, 'one/imager.json'), 'utf8'))).toEqual(one)
    mkdirSync(join(place.path, 'blocked'))
    mkdirSync(join(place.path, 'blocked/.initrd.img.new'))
    await expect(build('blocked')).rejects.toMatchObject({ message: expect.stringContaining('cannot be written') })
  },
)
