import { execFileSync } from 'node:child_process'
import { renameSync, truncateSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { RootReport } from '../../../src/takeover/profiles/import.ts'
import { importPxelinux } from '../../../src/takeover/pxelinux/import.ts'
import { openOld, sentences, type OldFiles, type OldPlace } from '../place.ts'

const one = 'tftp/pxelinux.cfg/01-52-54-00-77-00-01'
const entry = 'DEFAULT a\nLABEL a\nKERNEL memtest\n'

function openRoot(files: OldFiles): OldPlace {
  return openOld({ 'tftp/memtest': 'kernel', 'tftp/k': 'kernel', ...files })
}

function take(old: OldPlace): RootReport {
  return importPxelinux(old.at('tftp'), { site: old.site, dryRun: false })
}

test('includes that go round, that are missing and that lead out are told, and the rest is taken', () => {
  using old = openRoot({
    [one]: `INCLUDE pxelinux.cfg/a\nINCLUDE gone\nINCLUDE ../secret\nINCLUDE /etc/shadow\nINCLUDE out\nMENU INCLUDE loop x\n${entry}`,
    'tftp/pxelinux.cfg/a': 'INCLUDE pxelinux.cfg/b\n',
    'tftp/pxelinux.cfg/b': 'INCLUDE pxelinux.cfg/a\n',
    'tftp/out': 'link:../secret',
    'tftp/loop': 'link:loop',
    secret: 'LABEL secret\n',
  })
  const { left } = take(old)
  expect(sentences(left).slice(0, 6)).toEqual([
    '1 INCLUDE pxelinux.cfg/a: the files include each other in a circle',
    '2 INCLUDE gone: it is not there',
    '3 INCLUDE ../secret: it leads out of the directory',
    '4 INCLUDE /etc/shadow: it is not there',
    '5 INCLUDE out: it is a link that leads out of the directory',
    '6 INCLUDE loop: it is a link that leads in a circle',
  ])
  expect(old.load().machines[0]?.profile).toBe('a')
})

test('includes are followed sixteen deep, and what doubles with each of them has an end', () => {
  const chain = Object.fromEntries(
    Array.from({ length: 20 }, (_, number) => [`tftp/c${number}`, `INCLUDE c${number + 1}\n`.repeat(4)]),
  )
  using old = openRoot({ ...chain, 'tftp/c20': 'SAY end\n', [one]: `${entry}INCLUDE c0\n` })
  const { left } = take(old)
  expect(sentences(left).join('\n')).toMatch(/more than 16 deep[^]*more than 100000 lines/)
  expect(old.load().machines[0]?.profile).toBe('a')
})

test('menus that lead to each other for ever end', async () => {
  using old = openRoot({
    [one]: 'DEFAULT a\nLABEL a\nCONFIG x\n',
    'tftp/x': 'DEFAULT b\nLABEL b\nCONFIG y\n',
    'tftp/y': 'UI menu.c32 x\n',
  })
  take(old)
  expect(old.load().machines).toHaveLength(1)
  expect(await old.errors()).toEqual([])
})

test('bytes that are no text, many megabytes, pipes and directories are no menus', () => {
  const at = (last: string): string => one.replace(/01$/, last)
  using old = openRoot({
    [one]: entry,
    [at('02')]: Buffer.from([1, 0, 255, 10]),
    [at('03')]: '',
    [`${at('05')}/x`]: '',
  })
  truncateSync(old.at(at('03')), 50 * 1024 ** 2)
  execFileSync('mkfifo', [old.at(at('04'))])
  const { left, machines } = take(old)
  expect(machines).toBe(3)
  expect(sentences(left)).toEqual([
    expect.stringMatching(/is no menu: it is larger than 1 MiB, or holds bytes/),
    expect.stringMatching(/is no menu/),
    'is no regular file',
    'is no regular file',
  ])
})

test('titles in a code page, and names that are not UTF-8, do no harm', async () => {
  using old = openRoot({
    [one]: Buffer.from('UI menu.c32\nMENU TITLE B\xf6ses Men\xfc\nLABEL \xfcbel\nKERNEL memtest\nAPPEND x=1\n', 'latin1'),
    'tftp/pxelinux.cfg/odd': entry,
  })
  const odd = Buffer.from(`${old.at('tftp/pxelinux.cfg')}/01-\xff`, 'latin1')
  renameSync(old.at('tftp/pxelinux.cfg/odd'), odd)
  const { left } = take(old)
  expect(sentences(left).join('\n')).toContain('asks for no such name')
  expect(old.load().profiles.map(({ name }) => name)).toEqual(['bel', 'menu-01-52-54-00-77-00-01'])
  expect(await old.errors()).toEqual([])
})

test('names of kernels that boot loaders or YAML could stumble over are made plain', async () => {
  using old = openRoot({
    [one]: 'DEFAULT a\nLABEL a\nKERNEL Bad$Name/ker:nel\nAPPEND initrd=Bad$Name/-init#rd boot=live x=#1 y=&a z=!t {{{raw}}}\n',
    'tftp/Bad$Name/ker:nel': '1',
    'tftp/Bad$Name/-init#rd': '2',
  })
  take(old)
  const [profile] = old.load().profiles
  expect(profile).toMatchObject({ kernel: 'files/Bad_Name/ker_nel', initrd: ['files/Bad_Name/-init_rd'] })
  expect(await old.errors()).toEqual([])
})

test('labels of menus’ own words, of nothing, and of a thousand signs become names', async () => {
  const labels = ['local', 'discover', 'ignore', '-', '../..', 'x'.repeat(1000), 'constructor', '__proto__']
  const menu = labels.map((label, at) => `LABEL ${label}\nKERNEL memtest\nAPPEND n=${at}\n`).join('')
  using old = openRoot({ [one]: `UI menu.c32\n${menu}LABEL\nKERNEL memtest\n` })
  take(old)
  expect(old.load().profiles.map(({ name }) => name)).toEqual([
    'local-2',
    'discover-2',
    'ignore-2',
    'unnamed',
    'unnamed-2',
    'x'.repeat(56),
    'constructor',
    'proto',
    'menu-01-52-54-00-77-00-01',
  ])
  expect(await old.errors()).toEqual([])
})

test('an argument longer than a kernel reads, and one with a quote, are told without their values', () => {
  using old = openRoot({
    [one]: `${entry}APPEND password=hunter2'${'x'.repeat(10)}\nLABEL b\nKERNEL memtest\nAPPEND ${'y'.repeat(3000)}\n`,
  })
  const { left } = take(old)
  expect(sentences(left)).toEqual([
    '2 LABEL a: its argument password=… holds what not every boot loader can hand on',
    '5 LABEL b: its arguments are longer than a kernel reads',
  ])
})

test('an answer outside of the directory is not copied, wherever its path leads', () => {
  using old = openRoot({
    [one]: `${entry}APPEND ks=http://old/../secret.ks\nLABEL b\nKERNEL k\nAPPEND ks=tftp://old/out.ks\nLABEL c\nKERNEL k\nAPPEND ks=file:/etc/shadow\n`,
    'secret.ks': 'rootpw hunter2\n',
    'tftp/out.ks': 'link:../secret.ks',
  })
  take(old)
  for (const name of ['a', 'b', 'c'])
    expect(old.text(`answers/${name}.ks.hbs`)).toMatch(/^# The old answer was not at hand/)
})
