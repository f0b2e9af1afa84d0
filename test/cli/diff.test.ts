import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { files, openHouse } from '../house.ts'
import { openShell, type Shell } from './typed.ts'

interface Scene extends Disposable {
  readonly shell: Shell
  write(name: string, text: string): void
}

/** A site in a directory of a git repository, as it was committed. */
function openScene(): Scene {
  using opening = new DisposableStack()
  const house = opening.use(openHouse())
  const shell = opening.use(openShell(house.directory))
  const git = (...words: string[]): string =>
    execFileSync('git', ['-c', 'user.name=macbeth', '-c', 'user.email=m@example.org', ...words], {
      cwd: house.directory,
      encoding: 'utf8',
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
    })
  git('init', '-q')
  git('add', '.')
  git('commit', '-qm', 'the site')
  const all = opening.move()
  return {
    shell,
    write(name, text) {
      mkdirSync(join(house.directory, name, '..'), { recursive: true })
      writeFileSync(join(house.directory, name), text)
    },
    [Symbol.dispose]: () => all.dispose(),
  }
}

const left = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('birnam-diff-'))

test('nothing is different from the last commit until something is changed', async () => {
  using scene = openScene()
  const before = left()
  expect(await scene.shell.type('diff', 'HEAD', '--exit-code')).toEqual({
    code: 0,
    out: 'Nothing is different for 2 machines.\n',
    err: '',
  })
  expect(left()).toEqual(before)
})

test('a changed line of a template, a new machine and one that is gone', async () => {
  using scene = openScene()
  scene.write('answers/web.hbs', `lang de\n${files['answers/web.hbs']}`)
  scene.write('fleet.yaml', files['fleet.yaml']!.replace('macduff', 'fleance'))
  const { code, out } = await scene.shell.type('diff', 'HEAD', '--exit-code')
  expect(out).toBe(`1 machine: answer: lang
  duncan
  answer (bios, uefi):
    + lang de

1 machine new: fleance

1 machine gone: macduff

0 machines as before.
`)
  expect(code).toBe(1)
  const json = JSON.parse((await scene.shell.type('diff', 'HEAD', '--json')).out)
  expect(json).toMatchObject({ machines: 2, added: ['fleance'], removed: ['macduff'] })
  expect(json.groups).toMatchObject([{ what: 'answer: lang', machines: ['duncan'] }])
})

test('a secret that is another is told, and not what it is; a copy of the site will do', async () => {
  using house = openHouse()
  using scene = openScene()
  scene.write('fleet.yaml', files['fleet.yaml']!.replace('$6$salt$secret', '$6$salt$other'))
  const { out } = await scene.shell.type('diff', house.directory)
  expect(out).toMatch(
    /- rootpw --iscrypted \(hidden-([0-9a-f]{8})\) [^]*\+ rootpw --iscrypted \(hidden-(?!\1)[0-9a-f]{8}\)/,
  )
  expect(out).not.toMatch(/\$6\$|other/)
})

test('a template that breaks is told as a problem', async () => {
  using scene = openScene()
  scene.write('answers/web.hbs', '{{vars.nothing}}')
  expect((await scene.shell.type('diff', 'HEAD')).out).toMatch(/problems \(bios, uefi\):\n {4}\+ answers\/web.hbs:1/)
})

test.each([
  [
    'a revision that is none',
    'nonsense',
    '"nonsense" is neither a site directory nor a revision: git knows no such revision',
  ],
  ['an option of git', '--output=x', "unknown option '--output=x'"],
  ['a directory without a site', '/proc', '"/proc" is neither'],
])('%s', async (_title, other, message) => {
  using scene = openScene()
  const { code, out, err } = await scene.shell.type('diff', other)
  expect([code, out]).toEqual([other.startsWith('-') ? 2 : 1, ''])
  expect(err).toContain(message)
})

test('a site that is in no repository', async () => {
  using house = openHouse()
  using shell = openShell(house.directory)
  expect((await shell.type('diff', 'HEAD')).err).toContain('not a git repository')
})

test('a site that was broken then, or is now', async () => {
  using broken = openHouse()
  writeFileSync(join(broken.directory, 'birnam.yaml'), 'address: nonsense\n')
  using scene = openScene()
  expect((await scene.shell.type('diff', broken.directory)).err).toMatch(/is no whole site: .*birnam.yaml:1/)
  scene.write('fleet.yaml', 'machines: [')
  expect((await scene.shell.type('diff', 'HEAD')).err).toMatch(/is no whole site: .*fleet.yaml:1/)
})
