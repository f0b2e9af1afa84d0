import { expect, test } from 'vitest'
import type { RootReport } from '../../../src/takeover/profiles/import.ts'
import { importPxelinux } from '../../../src/takeover/pxelinux/import.ts'
import { openOld, sentences, type OldFiles, type OldPlace } from '../place.ts'

const card = 'tftp/pxelinux.cfg/01-52-54-00-77-00-01'
const live = (label: string, kernel = 'a', more = ''): string =>
  `LABEL ${label}\n${more}KERNEL ${kernel}\nAPPEND initrd=i boot=live\n`
const disk = 'LABEL disk\nLOCALBOOT 0\n'

function openMenu(menu: string, more: OldFiles = {}): OldPlace {
  return openOld({ 'tftp/a': 'a', 'tftp/b': 'b', 'tftp/i': 'i', [card]: menu, ...more })
}

function take(old: OldPlace): RootReport {
  return importPxelinux(old.at('tftp'), { site: old.site, dryRun: false })
}

/** Menus by their names, and what else the profiles are. */
function menusOf(old: OldPlace): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    old
      .load()
      .profiles.map((profile) => [
        profile.name,
        profile.kind === 'menu' ? [profile.title ?? '', profile.timeout, ...profile.entries] : profile.kind,
      ]),
  )
}

const own = (old: OldPlace): string | undefined => old.load().machines[0]?.profile

test('title, time and default between MENU BEGIN and MENU END are of that menu; it is a menu in the menu', async () => {
  using old = openMenu(
    `UI menu.c32\nTIMEOUT 100\nMENU TITLE Hall\n${disk.replace('\n', '\nMENU DEFAULT\n')}MENU BEGIN cellar\nMENU TITLE Cellar\nTIMEOUT 9000\nONTIMEOUT probe\n${live('probe', 'a', 'MENU DEFAULT\n')}${live('other', 'b')}MENU END\n`,
  )
  const { left } = take(old)
  expect(own(old)).toBe('menu-01-52-54-00-77-00-01')
  expect(menusOf(old)).toEqual({
    probe: 'live',
    other: 'live',
    'menu-cellar': ['Cellar', 900, 'probe', 'other'],
    'menu-01-52-54-00-77-00-01': ['Hall', 10, 'menu-cellar'],
  })
  expect(sentences(left)).toEqual([
    expect.stringMatching(/^11 the menu Cellar: when nobody chooses, LABEL probe follows there, and a menu here boots/),
  ])
  expect(await old.errors()).toEqual([])
})

test('a menu without words of its own has the time of the menu around it; MENU INCLUDE with a name is such a menu', () => {
  using old = openMenu(`UI menu.c32\nTIMEOUT 100\n${disk}MENU INCLUDE more.cfg Tools of old\n${live('last')}`, {
    'tftp/more.cfg': live('one', 'b'),
  })
  take(old)
  expect(menusOf(old)).toMatchObject({
    'menu-Tools-of-old': ['Tools of old', 10, 'one'],
    'menu-01-52-54-00-77-00-01': ['', 10, 'menu-Tools-of-old', 'last'],
  })
})

test('MENU GOTO leads to the menu of that name, MENU EXIT and MENU QUIT lead out, MENU HIDE hides', () => {
  using old = openMenu(
    `UI menu.c32\nTIMEOUT 100\n${disk}LABEL there\nMENU GOTO deep\n${live('unseen', 'b', 'MENU HIDE\n')}MENU BEGIN deep\n${live('one')}LABEL back\nMENU EXIT\nMENU END\n`,
  )
  take(old)
  expect(menusOf(old)).toMatchObject({
    'menu-deep': ['deep', 10, 'one'],
    'menu-01-52-54-00-77-00-01': ['', 10, 'menu-deep'],
  })
})

test('a menu behind the default of a menu is one of its entries, as are the others', () => {
  using old = openMenu(
    `UI menu.c32\nDEFAULT daily\nTIMEOUT 100\nLABEL daily\nKERNEL menu.c32\nAPPEND daily.menu\nLABEL rescue\nKERNEL menu.c32\nAPPEND rescue.menu\n${disk}`,
    { 'tftp/daily.menu': live('one'), 'tftp/rescue.menu': live('two', 'b') },
  )
  const { left } = take(old)
  expect(menusOf(old)).toMatchObject({
    'menu-daily.menu': ['', 30, 'one'],
    'menu-rescue.menu': ['', 30, 'two'],
    'menu-01-52-54-00-77-00-01': ['', 10, 'menu-daily.menu', 'menu-rescue.menu'],
  })
  expect(sentences(left)).toContain(
    'its menu: when nobody chooses, LABEL daily follows there, and a menu here boots the disk',
  )
})

test('menu.c32 without a file shows the file that names it', () => {
  using old = openMenu(`DEFAULT menu\nTIMEOUT 50\n${live('one')}${disk}LABEL menu\nKERNEL menu.c32\n`)
  take(old)
  expect(menusOf(old)).toMatchObject({ 'menu-01-52-54-00-77-00-01': ['', 5, 'one'] })
})

test('DEFAULT names a label before it names a file', () => {
  using old = openMenu(`DEFAULT menu\nPROMPT 0\n${live('menu')}${live('other', 'b')}`)
  take(old)
  expect(own(old)).toBe('menu')
})

test('labels of several words are told apart by their names, and messages name all of it', () => {
  using old = openMenu(
    `UI menu.c32\nTIMEOUT 100\nDEFAULT disk\n${disk}${live('Node plain')}${live('Node verbose', 'b')}LABEL Node that wipes\nKERNEL a\n`,
  )
  const { left } = take(old)
  expect(menusOf(old)).toMatchObject({
    'Node-plain': 'live',
    'Node-verbose': 'live',
    'menu-01-52-54-00-77-00-01': ['', 10, 'Node-plain', 'Node-verbose'],
  })
  expect(sentences(left, 'LABEL Node that wipes: ')).toHaveLength(1)
})

test.each([
  ['a program', 'ONTIMEOUT off\n', 'LABEL off\nCOM32 poweroff.c32\n', 'off'],
  ['a loader', 'ONTIMEOUT pxelinux.0\n', '', 'pxelinux.0'],
  ['a kernel that may wipe', 'DEFAULT wipe\n', 'LABEL wipe\nKERNEL a\nAPPEND nuke=1 dban\n', 'wipe'],
])('a menu that ends at %s stays a menu, and the end is told', (_, settings, entry, label) => {
  using old = openMenu(`UI menu.c32\nTIMEOUT 600\n${settings}${live('rescue')}${disk}${entry}`)
  const { left } = take(old)
  expect(menusOf(old)).toEqual({ rescue: 'live', 'menu-01-52-54-00-77-00-01': ['', 60, 'rescue'] })
  expect(sentences(left)).toContain(
    `its menu: when nobody chooses, LABEL ${label} follows there, and a menu here boots the disk`,
  )
})

test('of several MENU DEFAULT the last is the default', () => {
  using old = openMenu(
    `UI menu.c32\nTIMEOUT 100\n${live('one', 'a', 'MENU DEFAULT\n')}${live('two', 'b', 'MENU DEFAULT\n')}`,
  )
  take(old)
  expect(own(old)).toBe('two')
})

test('settings that nothing here does the same are told, looks are not', () => {
  using old = openMenu(`SERIAL 0 115200\nONERROR disk\nTOTALTIMEOUT 9\nFOO bar\nMENU COLOR x\nDEFAULT one\n${live('one')}`)
  const { left } = take(old)
  expect(sentences(left).map((sentence) => sentence.replace(/:.*/, ''))).toEqual([
    '1 SERIAL',
    '2 ONERROR',
    '3 TOTALTIMEOUT',
    '4 FOO',
  ])
})

test('menus that hold each other without an end are each one profile', () => {
  const nested = Array.from({ length: 300 }, (_, at) => `MENU BEGIN m${at}\n${live(`l${at}`)}`).join('')
  using old = openMenu(`UI menu.c32\nTIMEOUT 10\n${disk}${nested}LABEL up\nMENU GOTO .top\nMENU GOTO m0\n`)
  take(old)
  expect(own(old)).toBe('menu-01-52-54-00-77-00-01')
})
