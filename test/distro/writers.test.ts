import { execa } from 'execa'
import { globSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { labTest } from '../lab/needs.ts'
import { openScene, type Scene } from './scene.ts'

const long = 'n'.repeat(200)

/** What strains a reader: more levels than ISO 9660 has, names that fill records, links, many files, empty ones. */
function treeOf(scene: Scene, links: 'none' | 'short' | 'long'): string {
  const tree = join(scene.directory, 'tree')
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true })
    writeFileSync(join(tree, path), text)
  }
  write('1/2/3/4/5/6/7/8/9/10/11/file', 'deep')
  for (let index = 0; index < 150; index++)
    write(`many/file-with-a-long-name-number-${index}.deb`, String(index).repeat(index * 20))
  write('boot/linux', 'kernel')
  write('empty', '')
  if (links === 'none') return tree
  write(`${long}/${long}`, 'long')
  write('names/ä ö +~:', 'signs')
  return scene.tree('tree', {
    'dists/stable': '-> trixie',
    'dists/trixie/Release': '',
    debian: '-> .',
    'names/link': links === 'long' ? `-> ../${long}/${long}` : '-> ../boot/linux',
  })
}

// genisoimage writes long links wrongly.
const writers = [
  ['xorriso with Rock Ridge', 'xorriso', ['xorriso', '-as', 'mkisofs', '-quiet', '-R', '-J'], 'long'],
  [
    'genisoimage with Rock Ridge, which moves deep directories',
    'genisoimage',
    ['genisoimage', '-quiet', '-R'],
    'short',
  ],
  ['genisoimage with Joliet alone', 'genisoimage', ['genisoimage', '-quiet', '-J', '-joliet-long', '-D'], 'none'],
] as const

for (const [what, program, command, links] of writers)
  labTest(
    `an ISO by ${what} unpacks to the tree that it was made from`,
    [program],
    async () => {
      using scene = openScene()
      const tree = treeOf(scene, links)
      const iso = join(scene.directory, 'made.iso')
      await execa(command[0], [...command.slice(1), '-o', iso, tree])
      await scene.import(iso, { as: 'made', family: 'debian', version: '13', kernel: 'boot/linux' })
      const ours = join(scene.place.directory, 'made/1/tree')
      const { stdout, exitCode } = await execa('diff', ['-r', '--no-dereference', tree, ours], { reject: false })
      // genisoimage leaves an empty directory where the deep ones were moved to.
      expect([stdout.replace(/^Only in \S+\/made\/1\/tree: rr_moved$/m, ''), exitCode! < 2]).toEqual(['', true])
    },
    60_000,
  )

const [mirrorInitrd] = globSync('node_modules/.cache/birnam-lab/mirror-*/initrd.gz')

test.skipIf(mirrorInitrd === undefined)(
  `a mirror made of Debian's packages is imported with the installer of its own day${mirrorInitrd === undefined ? ' (skipped: the slow tests make that mirror)' : ''}`,
  async () => {
    using scene = openScene()
    const lab = dirname(mirrorInitrd!)
    const wish = { kernel: join(lab, 'linux'), initrd: [join(lab, 'initrd.gz')] }
    const manifest = await scene.import(join(lab, 'debian'), wish)
    expect(manifest).toMatchObject({
      name: 'debian-13',
      family: 'debian',
      version: '13',
      kernel: 'boot/linux',
      tree: 'tree',
      notes: [],
    })
    expect(manifest.kernelVersion).toMatch(/^6\.\d+\.\d+\+deb13-amd64$/)
    expect(manifest.checks.map(({ what }) => what).join()).toMatch(/\d{3,} files are as Packages of trixie says/)
  },
  60_000,
)
