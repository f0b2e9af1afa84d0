import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { field, isoOf, pointer, type IsoNode } from './iso.ts'
import { kernelOf, openScene } from './scene.ts'

const sound: readonly IsoNode[] = [
  { name: '.disk', children: [{ name: 'info', bytes: 'Debian GNU/Linux 13.1.0 "Trixie" - Official amd64 NETINST' }] },
  {
    name: 'install.amd',
    children: [
      { name: 'vmlinuz', bytes: kernelOf('6.12.48+deb13-amd64') },
      { name: 'initrd.gz', bytes: 'initrd' },
    ],
  },
]
const tail = '(nothing was kept; get it again, or from elsewhere)'
const long = Array.from({ length: 60 }, (_, index) => ({ name: `file-${index}`, says: { block: 0, size: 50_000 } }))

/** Each with its one sentence. */
const bad: readonly (readonly [string, readonly IsoNode[], string])[] = [
  ['a name that climbs', [{ name: '..', bytes: 'x' }], `bad.iso holds a name that no file may have: ".." ${tail}`],
  [
    'an absolute name',
    [{ name: '/etc/passwd', bytes: 'x' }],
    `bad.iso holds a name that no file may have: "/etc/passwd" ${tail}`,
  ],
  [
    'a name with a slash',
    [{ name: 'a/../../b', bytes: 'x' }],
    `bad.iso holds a name that no file may have: "a/../../b" ${tail}`,
  ],
  [
    'a name with a control character',
    [{ name: 'a\u001b[2Jb', bytes: 'x' }],
    `bad.iso holds a name that no file may have: "a\\u001b[2Jb" ${tail}`,
  ],
  ['a directory called ..', [{ name: '..', children: [] }], `bad.iso holds a name that no file may have: ".." ${tail}`],
  [
    'a link to an absolute path',
    [{ name: 'shadow', link: '/etc/shadow' }],
    `"shadow" in bad.iso is a link that leads out of it: "/etc/shadow" ${tail}`,
  ],
  [
    'a link that climbs out',
    [{ name: 'a', children: [{ name: 'b', link: '../../etc' }] }],
    `"a/b" in bad.iso is a link that leads out of it: "../../etc" ${tail}`,
  ],
  [
    'a device',
    [{ name: 'sda', mode: 0o060660 }],
    `"sda" in bad.iso is neither a file nor a directory nor a link ${tail}`,
  ],
  [
    'a FIFO',
    [{ name: 'pipe', mode: 0o010644 }],
    `"pipe" in bad.iso is neither a file nor a directory nor a link ${tail}`,
  ],
  [
    'a file that begins behind the end',
    [{ name: 'far', says: { block: 1_000_000, size: 5000 } }],
    `"far" in bad.iso lies beyond the end of the image: the image is damaged or cut short ${tail}`,
  ],
  [
    'a file that is longer than the image',
    [{ name: 'long', says: { size: 0xffff_ffff } }],
    `"long" in bad.iso lies beyond the end of the image: the image is damaged or cut short ${tail}`,
  ],
  [
    'files that claim the same bytes again and again',
    long,
    `the files of bad.iso claim more bytes than it can hold: its sizes are not true ${tail}`,
  ],
  [
    'a directory that lies behind the end',
    [{ name: 'far', children: [], says: { block: 1_000_000 } }],
    `the directory "far" in bad.iso lies beyond the end of the image: the image is damaged or cut short ${tail}`,
  ],
  [
    'a directory that holds itself',
    [{ name: 'loop', children: [], says: { block: 18 } }],
    `bad.iso holds directories that run in a circle, at "loop" ${tail}`,
  ],
  [
    'a directory that was moved into itself',
    [{ name: 'loop', use: pointer('CL', 18) }],
    `bad.iso holds directories that run in a circle, at "loop" ${tail}`,
  ],
  [
    'a directory of gigabytes',
    [{ name: 'huge', children: [], says: { size: 0x7fff_ffff } }],
    `bad.iso holds a directory larger than one can be: "huge" ${tail}`,
  ],
  [
    'two files of one name',
    [
      { name: 'a', bytes: '1' },
      { name: 'a', bytes: '2' },
    ],
    `bad.iso holds two files called "a" ${tail}`,
  ],
  [
    'a record that continues behind the end',
    [{ name: 'ever', use: pointer('CE', 1_000_000, 0, 100) }],
    `bad.iso is damaged or cut short: it points beyond its own end ${tail}`,
  ],
  [
    'a file compressed by zisofs',
    [{ name: 'z', bytes: 'x', use: field('ZF', Buffer.alloc(12)) }],
    '"z" in bad.iso is compressed by zisofs, which Birnam does not read (unpack it with xorriso or mount it, and import the directory)',
  ],
]

describe('an ISO with', () => {
  test.each(bad)('%s is refused, and nothing is left', async (_what, nodes, sentence) => {
    using scene = openScene()
    const iso = scene.write('bad.iso', isoOf([...sound, ...nodes]))
    expect(await scene.refused(iso)).toBe(sentence)
    expect(scene.left()).toEqual([])
  })
})

test('an ISO with a record that continues itself for ever is refused', async () => {
  using scene = openScene()
  // The first file of the root stands behind its four blocks, which begin at 18.
  const again = pointer('CE', 22, 0, 28)
  const iso = scene.write('bad.iso', isoOf([{ name: 'ever', bytes: again, use: again }, ...sound]))
  expect(await scene.refused(iso)).toBe(`the image holds a record that continues for ever ${tail}`)
})

test('an ISO that is cut short says how much is missing', async () => {
  using scene = openScene()
  const whole = isoOf(sound)
  const iso = scene.write('bad.iso', whole.subarray(0, whole.length - 4096))
  expect(await scene.refused(iso)).toBe(
    `bad.iso is cut short: it is said to hold ${whole.length} bytes, and ${whole.length - 4096} are there ${tail}`,
  )
  expect(scene.left()).toEqual([])
})

test('an ISO cut short anywhere, or with any byte turned over, ends in a sentence or an import, never in an accident', async () => {
  using scene = openScene()
  const whole = isoOf(sound)
  let seed = 7
  const next = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below
  for (let round = 0; round < 150; round++) {
    const bytes = Buffer.from(round % 3 === 0 ? whole.subarray(0, next(whole.length)) : whole)
    for (let turns = 0; turns < 4 && bytes.length > 0; turns++)
      bytes[round % 2 ? 32_768 + next(22 * 2048) : next(bytes.length)]! ^= 1 << next(8)
    const said = await scene.refused(scene.write(`bad-${round}.iso`, bytes), { as: 'spoilt', replace: true })
    expect(said).toMatch(/^(?:it was imported as spoilt|.*\(.+\))$/)
  }
}, 60_000)

test.each([
  ['nothing', '', 'x.iso is neither an ISO image nor a netboot archive: it is cut short, or it never was one'],
  ['text', 'hello\n'.repeat(20_000), 'x.iso is neither an ISO image nor a netboot archive'],
  ['zeros', Buffer.alloc(200_000), 'x.iso is neither an ISO image nor a netboot archive'],
])('a file of %s is no ISO', async (_what, bytes, sentence) => {
  using scene = openScene()
  expect(await scene.refused(scene.write('x.iso', bytes))).toContain(sentence)
  expect(scene.left()).toEqual([])
})

test('a medium that is not there is named', async () => {
  using scene = openScene()
  expect(await scene.refused('/nowhere/x.iso')).toBe(
    'there is no /nowhere/x.iso (name an ISO, a directory, a netboot archive or a URL)',
  )
})

test('links in a directory that lead out of it are not followed', async () => {
  using scene = openScene()
  const tree = scene.tree('medium', { 'a/shadow': '-> /etc/shadow' })
  expect(await scene.refused(tree)).toBe(`"a/shadow" in medium is a link that leads out of it: "/etc/shadow" ${tail}`)
})

test('files of several extents, links and continued names come as they are', async () => {
  using scene = openScene()
  const nodes: readonly IsoNode[] = [
    ...sound,
    { name: 'large', parts: ['a'.repeat(2048), 'b'.repeat(2048), 'c'] },
    {
      name: 'dists',
      children: [
        { name: 'stable', link: 'trixie' },
        { name: 'trixie', children: [{ name: 'x', bytes: 'here' }] },
      ],
    },
    { name: 'debian', link: '.' },
  ]
  await scene.import(scene.write('good.iso', isoOf(nodes)))
  const distros = scene.distros()
  const text = (name: string): string => readFileSync(distros.path(`d/debian-13/tree/${name}`)!, 'latin1')
  expect(text('large')).toBe('a'.repeat(2048) + 'b'.repeat(2048) + 'c')
  expect(text('debian/dists/stable/x')).toBe('here')
})
