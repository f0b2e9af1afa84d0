import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { rooms } from '../../src/cli/program.ts'
import { openHouse } from '../house.ts'
import { commandsIn, openShell, typed } from './typed.ts'

const commands = (await commandsIn()).map((path) => path.join(' '))

test('these commands there are at least', () => {
  const known = ['serve', 'check', 'explain', 'trace', 'machine', 'machine list', 'machine show', 'reinstall']
  expect(commands).toEqual(expect.arrayContaining([...known, 'withdraw', 'apply', 'export', 'status', 'leases']))
})

test.each(commands)('birnam %s --help says what it does and which options there are', async (verb) => {
  const { code, out, err } = await typed(['node', 'birnam', ...verb.split(' '), '--help'])
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(new RegExp(`^Usage: birnam ${verb}`))
  expect(out.split('\n')[2]).toMatch(/^\S.{20,}/)
  expect(out).toContain('--site <dir>')
  expect(out).toContain('--json')
})

test('each command is made where its name says', async () => {
  const made = rooms.map(async ({ load }) => {
    const program = new Command()
    const add = await load()
    add(program)
    return program.commands.map((command) => command.name()).toSorted()
  })
  expect(await Promise.all(made)).toEqual(rooms.map(({ verbs }) => verbs.toSorted()))
})

test('a value that is also the name of a command hides none', async () => {
  const { err } = await typed(['node', 'birnam', '--site', 'serve', 'image', 'rules', '--frob'])
  expect(err).toContain("unknown option '--frob'")
})

test('birnam help explain is the same as birnam explain --help', async () => {
  const [asked, short] = [
    await typed(['node', 'birnam', 'help', 'explain']),
    await typed(['node', 'birnam', 'explain', '--help']),
  ]
  expect(asked).toEqual(short)
})

test('birnam alone shows its help, and ends as not understood', async () => {
  const { code, out, err } = await typed(['node', 'birnam'])
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain('Usage: birnam')
})

const noMachine = '(birnam machine list shows them all)'
const tooMany = "too many arguments for 'explain'. Expected 1 argument but got 2: duncan, macduff."

test.each<[string, string[], number, string]>([
  ['an unknown command', ['explian'], 2, "unknown command 'explian' (did you mean explain? birnam --help tells more)"],
  [
    'an unknown inner command',
    ['machine', 'lits'],
    2,
    "unknown command 'lits' (did you mean list? birnam machine --help tells more)",
  ],
  ['help for an unknown command', ['help', 'frob'], 2, "unknown command 'frob' (birnam --help tells more)"],
  [
    'an unknown option',
    ['explain', 'duncan', '--firmwar', 'uefi'],
    2,
    "unknown option '--firmwar' (did you mean --firmware? birnam explain --help tells more)",
  ],
  [
    'an option without its value',
    ['trace', 'duncan', '--session'],
    2,
    "option '--session <id>' argument missing (birnam trace --help tells more)",
  ],
  [
    'a command without its machine',
    ['machine', 'show'],
    2,
    "missing required argument 'name' (birnam machine show --help tells more)",
  ],
  ['a word too many', ['explain', 'duncan', 'macduff'], 2, `${tooMany} (birnam explain --help tells more)`],
  ['a machine that is not there', ['explain', 'nobody'], 1, `no machine is named nobody ${noMachine}`],
  ['an empty name', ['trace', ''], 1, `no machine is named "" ${noMachine}`],
  ['a name with a path', ['explain', '../../etc/passwd'], 1, `no machine is named "../../etc/passwd" ${noMachine}`],
  ['a name with the signs of a URL', ['explain', 'du%can?x=1#y'], 1, `no machine is named "du%can?x=1#y" ${noMachine}`],
  [
    'a name that writes on the terminal',
    ['explain', 'a\nb\u{1b}[31m'],
    1,
    String.raw`no machine is named "a\nb\u001b[31m" ${noMachine}`,
  ],
  [
    'a boot that never was',
    ['trace', 'duncan', '--session', 'zzz'],
    1,
    'session: duncan has no boot session zzz (it never booted from here)',
  ],
  [
    'a machine that installs nothing',
    ['reinstall', 'macduff'],
    1,
    'fleet.yaml:4: macduff has the live profile probe, which installs nothing (give it a profile of kind: install or image in the site, then reinstall it)',
  ],
  [
    'another profile than the site says',
    ['reinstall', 'duncan', '--to', 'db'],
    1,
    'fleet.yaml:3: duncan has the profile web, not db (set profile: db in the site first; a permit covers what the site says)',
  ],
  [
    'nothing to withdraw',
    ['withdraw', 'duncan'],
    1,
    'duncan has no open permit (birnam machine show duncan tells its state)',
  ],
  ['no server to tell', ['apply'], 1, 'no server runs with this data directory (birnam serve starts one)'],
])('%s is told in one sentence with a hint', async (_, words, code, sentence) => {
  using house = openHouse()
  using shell = openShell(house.directory)
  expect(await shell.type(...words)).toEqual({ code, out: '', err: `birnam: ${sentence}\n` })
  const json = await shell.type(...words, '--json')
  expect([json.code, json.err]).toEqual([code, ''])
  const { error } = JSON.parse(json.out) as { error: { code: string; message: string; hint: string } }
  expect(error).toMatchObject({
    code: expect.stringMatching(/^[a-z-]+$/) as unknown,
    hint: expect.any(String) as unknown,
  })
  // A quoted name is quoted once more in JSON text, not in its value.
  expect(sentence).toContain(error.hint)
})

test.each<[string, (directory: string) => string[], RegExp]>([
  [
    'a site that is not there',
    (at) => ['--site', `${at}/no`],
    /^birnam: \S+\/no: the site directory cannot be read: it is not there \(name the site directory with --site or BIRNAM_SITE\)$/,
  ],
  ['a site that is a file', (at) => ['--site', `${at}/fleet.yaml`], /it is not a directory \(name/],
  [
    'a data directory that is a file',
    (at) => ['--data', `${at}/fleet.yaml`],
    /^birnam: the data directory \S+ cannot be made: a file stands in its way \(name a directory that this user may write with --data DIR or BIRNAM_DATA\)$/,
  ],
  ['a data directory under a file', (at) => ['--data', `${at}/fleet.yaml/data`], /a file stands in its way/],
])('%s is told in one sentence with a hint', async (_, options, sentence) => {
  using house = openHouse()
  using shell = openShell(house.directory)
  for (const words of [['explain', 'duncan'], ['machine', 'list'], ['serve']]) {
    const { code, out, err } = await shell.type(...options(house.directory), ...words)
    expect([code, out]).toEqual([1, ''])
    expect(err.trimEnd()).toMatch(sentence)
  }
})

test('YAML that does not parse is told with file and line, and how many more there are', async () => {
  using house = openHouse()
  using shell = openShell(house.directory)
  writeFileSync(join(house.directory, 'more.yaml'), 'machines:\n  - { name: x, mac: zz }\n  - { name: y, mac: yy }\n')
  const { code, err } = await shell.type('explain', 'duncan')
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(/^birnam: more\.yaml:2: machines\[0\]\.mac: .* 1 more error: see birnam check\)\n$/),
  ])
})

test('whoever forgot to name his site is told that this is the example', async () => {
  using shell = openShell('unused')
  const { BIRNAM_SITE: before } = process.env
  delete process.env['BIRNAM_SITE']
  try {
    const { code, err } = await typed(['node', 'birnam', '--data', shell.data, 'explain', 'nobody'])
    expect([code, err]).toEqual([
      1,
      `birnam: no machine is named nobody in the example site (name your own site with --site DIR or BIRNAM_SITE; birnam machine list shows them all)\n`,
    ])
  } finally {
    if (before !== undefined) process.env['BIRNAM_SITE'] = before
  }
})

test('reinstall arms once, says so again, and withdraw takes it back once', async () => {
  using house = openHouse()
  using shell = openShell(house.directory)
  const first = await shell.type('reinstall', 'duncan')
  expect([first.code, first.out]).toEqual([
    0,
    expect.stringMatching(/^duncan: may be installed once with web, until .* UTC\.\n$/),
  ])
  const stored = `birnam: no server runs with ${shell.data}: this is stored there, and counts once one is started with that --data\n`
  expect(first.err).toBe(stored)
  const second = await shell.type('reinstall', 'duncan')
  expect([second.code, second.out]).toEqual([
    0,
    expect.stringMatching(/^duncan: was allowed already, by \S+, until .* UTC \(permit [0-9a-f]{10}\)\.\n$/),
  ])
  expect((await shell.type('machine', 'show', 'duncan')).out).toMatch(
    /state {4}armed\n[^]*permit {3}[0-9a-f]{10} armed: web, by/,
  )
  expect((await shell.type('withdraw', 'duncan')).out).toMatch(/^duncan: permit [0-9a-f]{10} is withdrawn\n$/)
  expect((await shell.type('withdraw', 'duncan')).code).toBe(1)
})

test('of several machines, what was done before the first mistake is told with it', async () => {
  using house = openHouse()
  using shell = openShell(house.directory)
  const told = await shell.type('reinstall', 'duncan', 'nobody', '--json')
  expect(told.code).toBe(1)
  expect(JSON.parse(told.out)).toMatchObject({
    error: { message: 'no machine is named nobody; done before it: duncan' },
  })
  expect(JSON.parse((await shell.type('machine', 'show', 'duncan', '--json')).out)).toMatchObject({ state: 'armed' })
})

test('a server that does not answer as one is told, and a command never works past it', async () => {
  using house = openHouse()
  using shell = openShell(house.directory)
  const server = createServer((_request, response) =>
    response.writeHead(500).end('{"code":"internal","detail":"the disk is gone","hint":"look"}'),
  )
  await new Promise<void>((done) => server.listen(join(shell.data, 'birnam.sock'), done))
  try {
    const { code, err } = await shell.type('withdraw', 'duncan')
    expect([code, err]).toEqual([1, 'birnam: the disk is gone (look)\n'])
  } finally {
    server.close()
  }
})

const secrets = /\$6\$|secret|\.[0-9a-f]{32}/

test.each([
  ['machine', 'list'],
  ['machine', 'show', 'duncan'],
  ['explain', 'duncan', '--armed'],
  ['explain', 'duncan', '--armed', '--firmware', 'bios-ipxe'],
  ['explain', 'macduff', '--firmware', 'uefi'],
  ['trace', 'duncan'],
  ['check'],
  ['export'],
  ['status'],
  ['leases'],
  ['reinstall', 'duncan'],
])('birnam %s %s --json is JSON, without a password hash, a token or a colour', async (...words) => {
  using house = openHouse()
  using shell = openShell(house.directory)
  const { code, out, err } = await shell.type(...words, '--json')
  expect([code, err]).toEqual([
    words[0] === 'status' ? 1 : 0,
    words[0] === 'reinstall' ? expect.stringContaining('no server runs with') : '',
  ])
  expect(JSON.parse(out)).toBeTypeOf('object')
  expect(out.replaceAll('(hidden)', '')).not.toMatch(secrets)
  const people = await shell.type(...words)
  // The one command whose output is there to be read in again.
  if (words[0] !== 'export') expect(people.out).not.toMatch(secrets)
  expect(`${out}${people.out}`).not.toContain('\u{1b}')
})

test('the site that is printed reads back as it was, secrets and all; as JSON they are hidden', async () => {
  using house = openHouse()
  using shell = openShell(house.directory)
  expect((await shell.type('export')).out).toContain('hash: $6$salt$secret')
  expect((await shell.type('export', '--json')).out).toContain('"hash": "(hidden)"')
  expect((await shell.type('export', '--server')).out).toContain('address: ')
})

test('one is not several', async () => {
  using house = openHouse({
    'birnam.yaml': '',
    'fleet.yaml':
      'machines:\n  - { name: duncan, mac: "52:54:00:77:00:01", profile: disk }\nprofiles:\n  - { name: disk, kind: local }\n',
  })
  using shell = openShell(house.directory)
  expect((await shell.type('check')).out).toMatch(/^1 machine checked: 0 errors, 0 warnings/)
})

test('the person behind sudo is told beside the user that the system knows', async () => {
  using house = openHouse()
  using shell = openShell(house.directory)
  const { SUDO_USER: before } = process.env
  process.env['SUDO_USER'] = 'macbeth'
  try {
    await shell.type('reinstall', 'duncan')
    const { out } = await shell.type('machine', 'show', 'duncan')
    expect(out).toContain(`web, by ${userInfo().username} (for macbeth) at`)
  } finally {
    if (before === undefined) delete process.env['SUDO_USER']
    else process.env['SUDO_USER'] = before
  }
})

test('status ends with 1 when no server runs', async () => {
  using house = openHouse()
  using shell = openShell(house.directory)
  expect(await shell.type('status')).toMatchObject({
    code: 1,
    out: expect.stringContaining('No server runs') as string,
  })
})

test('a machine of a live profile needs no permit, and is not said to boot its disk', async () => {
  using house = openHouse()
  using shell = openShell(house.directory)
  const { out } = await shell.type('machine', 'show', 'macduff')
  expect(out).toContain('permit   none: it boots its live system, which needs none')
})
