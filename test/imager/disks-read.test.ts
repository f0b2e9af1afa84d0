import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Fault } from '../../src/fault.ts'
import { loadLayout, readLayout } from '../../src/imager/disks/read.ts'
import { readDiskSize, readSize } from '../../src/imager/disks/size.ts'

const root = '{ name: root, size: rest, filesystem: ext4, mount: / }'
const disk = (partitions: string, more = '') =>
  `disks:\n  - name: system\n${more}    partitions:\n${partitions.replace(/^/gm, '      - ')}\n`

/** What is wrong, as `line field: message`. */
function wrong(text: string): string[] {
  return readLayout('l.yaml', text).problems.map(({ line, field, message }) => `${line} ${field}: ${message}`)
}

test.each(['one-disk', 'mirror', 'lvm'])('the shipped layout %s is right', (name) => {
  expect(readLayout(name, readFileSync(`layouts/${name}.yaml`, 'utf8')).problems).toEqual([])
})

test('a layout is read with all its defaults', () => {
  expect(loadLayout('l.yaml', disk(root))).toEqual({
    disks: [
      {
        name: 'system',
        count: 1,
        table: 'gpt',
        match: { serial: [], wwn: [], path: [], model: [], bus: [] },
        partitions: [
          { name: 'root', size: { is: 'rest' }, filesystem: 'ext4', mkfs: [], mount: '/', options: 'defaults' },
        ],
      },
    ],
    raid: [],
    lvm: [],
  })
})

test.each([
  ['512MiB', { is: 'fixed', mib: 512 }],
  ['1.5GiB', { is: 'fixed', mib: 1536 }],
  ['2TiB', { is: 'fixed', mib: 2 * 1024 ** 2 }],
  ['30%', { is: 'percent', percent: 30 }],
  ['rest', { is: 'rest' }],
  ['0MiB', undefined],
  ['0%', undefined],
  ['101%', undefined],
  ['20GB', undefined],
  ['1.0001MiB', undefined],
  ['-1GiB', undefined],
  ['99999999TiB', undefined],
  ['$(reboot)', undefined],
])('the size %s', (text, size) => expect(readSize(text)).toEqual(size))

test('the size of a disk may be told as its maker does', () => {
  expect([readDiskSize('480GB'), readDiskSize('1GiB'), readDiskSize('1TB'), readDiskSize('rest')]).toEqual([
    457_764,
    1024,
    953_674,
    undefined,
  ])
})

test.each<[string, string, string]>([
  [
    'nothing mounted at /',
    disk('{ name: data, size: rest, filesystem: ext4, mount: /data }'),
    '1 : nothing is mounted at /',
  ],
  ['no disk', 'disks: []', '1 disks: there is no disk'],
  ['an empty file', '', '1 : is missing'],
  [
    'a disk without partitions',
    'disks:\n  - { name: system, partitions: [] }',
    '2 disks[0].partitions: the disk has no partition',
  ],
  [
    'two that grow',
    disk(`${root}\n{ name: data, size: rest }`),
    '5 disks[0].partitions[1].size: a second one grows on the same disk',
  ],
  [
    'more than all',
    disk(`${root.replace('rest', '60%')}\n{ name: data, size: 50% }`),
    '5 disks[0].partitions[1].size: together they take 110% of the disk',
  ],
  [
    'all of it twice',
    disk(`${root}\n{ name: data, size: 100% }`),
    '5 disks[0].partitions[1].size: nothing of the disk is left for the others',
  ],
  [
    'more than the disk may have',
    disk(root.replace('rest', '500GiB'), '    match: { size: 480GB }\n'),
    '5 disks[0].partitions: they need 500GiB, more than the disk may have',
  ],
  [
    'two at one place',
    disk(`${root}\n{ name: data, size: 1GiB, filesystem: xfs, mount: / }`),
    '5 disks[0].partitions[1].mount: root is mounted at / already',
  ],
  [
    'a mount without a file system',
    disk(`${root}\n{ name: a, size: 1GiB, mount: /a }`),
    '5 disks[0].partitions[1].mount: a is mounted but has no file system',
  ],
  [
    'swap with a mount',
    disk(`${root}\n{ name: a, size: 1GiB, filesystem: swap, mount: /a }`),
    '5 disks[0].partitions[1].mount: a is swap and cannot be mounted',
  ],
  [
    'one name twice',
    disk(`${root}\n{ name: root, size: 1GiB }`),
    '5 disks[0].partitions[1].name: there is another device root',
  ],
  [
    'a long label',
    disk(`${root}\n{ name: a, size: 1GiB, filesystem: xfs, label: thirteen-long }`),
    '5 disks[0].partitions[1].label: a has a label longer than 12 characters',
  ],
  [
    'a file system on too little space',
    disk(`${root}\n{ name: a, size: 256MiB, filesystem: xfs }`),
    '5 disks[0].partitions[1].size: a is too small for xfs',
  ],
  [
    'vfat at /',
    disk(root.replace('ext4', 'vfat')),
    '4 disks[0].partitions[0].filesystem: vfat keeps no owners and modes',
  ],
  [
    'an ESP with ext4',
    disk(`${root}\n{ name: a, size: 1GiB, type: esp, filesystem: ext4 }`),
    '5 disks[0].partitions[1].filesystem: a is an EFI system partition',
  ],
  [
    'bios-boot on an MBR',
    disk(`${root}\n{ name: a, size: 1MiB, type: bios-boot }`, '    table: mbr\n'),
    '6 disks[0].partitions[1].type: a: an MBR has no partitions of the type bios-boot',
  ],
  [
    'a mount on two disks',
    disk(root, '    count: 2\n'),
    '5 disks[0].partitions[0].mount: root is on 2 disks and can be mounted from one only',
  ],
  [
    'an encrypted root with its kernels',
    disk(root.replace('mount', 'encrypt: disk, mount')),
    '4 disks[0].partitions[0].mount: the boot loader cannot read /boot when it is encrypted',
  ],
  [
    'an unknown key',
    disk(root.replace('mount: /', 'mount: /, mountpoint: /')),
    '4 disks[0].partitions[0].mountpoint: unknown key mountpoint',
  ],
  [
    'an unknown type',
    disk(root.replace('size', 'type: lunix, size')),
    '4 disks[0].partitions[0].type: cannot be lunix',
  ],
])('%s is refused', (_, text, message) => expect(wrong(text)).toContain(message))

const pair = (rest: string) =>
  disk('{ name: half, size: 10GiB }\n{ name: other, size: 10GiB }', '    count: 2\n') + rest
const arrayed = (members: string, more = '') =>
  pair(`raid:\n  - { name: md, level: 1, members: ${members}, filesystem: ext4, mount: /${more} }\n`)

test.each<[string, string, string]>([
  [
    'a RAID of one',
    disk('{ name: half, size: rest }') + 'raid:\n  - { name: md, level: 1, members: half, filesystem: ext4, mount: / }',
    '6 raid[0].members: a RAID of one',
  ],
  ['an unknown member', arrayed('[halb]'), '8 raid[0].members[0]: there is no halb to take'],
  ['members on one disk', arrayed('[half, other]'), '8 raid[0].members: two members are on the same disk'],
  [
    'a member of two',
    arrayed('half') + 'lvm:\n  - { name: vg, members: half, volumes: [{ name: a, size: rest }] }',
    '10 lvm[0].members: half belongs to md already',
  ],
  ['a level that nobody knows', arrayed('half').replace('level: 1', 'level: 5'), '8 raid[0].level: cannot be 5'],
  [
    'spares of RAID 0',
    arrayed('half', ', spares: 1').replace('level: 1', 'level: 0'),
    '8 raid[0].spares: RAID 0 has no spares',
  ],
  [
    'a volume named as LVM does',
    arrayed('half') + 'lvm:\n  - { name: snapshot1, members: other, volumes: [{ name: a, size: rest }] }',
    '10 lvm[0].name: LVM cannot use the name snapshot1',
  ],
  [
    'a volume group without members',
    arrayed('half') + 'lvm:\n  - { name: vg, members: [], volumes: [{ name: a, size: rest }] }',
    '10 lvm[0].members: a volume group without members',
  ],
])('%s is refused', (_, text, message) => expect(wrong(text)).toContain(message))

test.each([
  ['name', '"root;reboot"'],
  ['name', 'Root'],
  ['name', 'a.b'],
  ['label', '"$(id)"'],
  ['label', '"it\'s"'],
  ['label', '-L'],
  ['mount', '/a/../etc'],
  ['mount', '"/a b"'],
  ['mount', '/proc/x'],
  ['mount', '/a/'],
  ['mkfs', '"-m 1; reboot"'],
  ['mkfs', '"`id`"'],
  ['options', '"rw nosuid"'],
  ['options', '"rw,$x"'],
  ['encrypt', 'A-B'],
])('%s: %s never reaches a shell', (key, value) => {
  const partition = `{ name: a, size: 1GiB, filesystem: ext4, ${key}: ${value} }`.replace(
    key === 'name' ? 'name: a, ' : '\0',
    '',
  )
  expect(wrong(disk(`${root}\n${partition}`)).join()).toMatch(/^5 disks\[0\]\.partitions\[1\]/)
})

test.each(['serial: "a\'b"', 'serial: "a*"', 'model: "[a]"', 'path: "../x"', 'wwn: "$(id)"', 'model: "a\\nb"'])(
  'a disk cannot be matched by %s',
  (match) => expect(wrong(disk(root, `    match: { ${match} }\n`)).length).toBeGreaterThan(0),
)

test('129 partitions do not fit into a GPT, nor five into an MBR', () => {
  const many = (count: number) =>
    [root, ...Array.from({ length: count - 1 }, (_, at) => `{ name: p${at}, size: 1MiB }`)].join('\n')
  expect(wrong(disk(many(128)))).toEqual([])
  expect(wrong(disk(many(129)))).toEqual(['4 disks[0].partitions: 129 partitions do not fit into the table; 128 do'])
  expect(wrong(disk(many(5), '    table: mbr\n'))).toEqual([
    '5 disks[0].partitions: 5 partitions do not fit into the table; 4 do',
  ])
})

test('a bomb of aliases, a deep nest and a huge file are refused at once', () => {
  const levels = Array.from(
    { length: 9 },
    (_, level) => `a${level + 1}: &a${level + 1} [${Array(10).fill(`*a${level}`).join(', ')}]`,
  )
  for (const text of [
    `a0: &a0 [x]\n${levels.join('\n')}`,
    '['.repeat(100_000),
    `# ${'x'.repeat(300_000)}`,
    'disks: \u0000',
  ]) {
    expect(readLayout('l.yaml', text).problems).toHaveLength(1)
  }
})

test('loading throws one fault with the place of the first problem', () => {
  const text = disk(`${root}\n{ name: root, size: rest }`)
  expect(() => loadLayout('l.yaml', text)).toThrow(Fault)
  try {
    loadLayout('l.yaml', text)
  } catch (error) {
    expect(error).toMatchObject({
      code: 'layout-invalid',
      detail: { file: 'l.yaml', line: 5, field: 'disks[0].partitions[1].name' },
    })
    expect(String(error)).toContain('1 more problem')
  }
})
