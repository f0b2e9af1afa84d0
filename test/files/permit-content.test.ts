import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { reinstall } from '../../src/api/desk.ts'
import { loadSite } from '../../src/config/read.ts'
import { advise } from '../../src/files/advise.ts'
import { ProfileContents } from '../../src/files/profile-content.ts'
import { files, mac, openHouse, type TestHouse } from '../house.ts'

const fleet = files['fleet.yaml']!
const web = /- \{ name: web.*\}\n/.exec(fleet)![0]

function power(house: TestHouse): string {
  return advise(house.house, { door: 'dhcp', asker: 'ipxe', arch: 0, mac }, '10.77.0.1')
    .boot!.file.replace(/^http:..[^/]*\//, '')
    .replace(/[^/]*$/, '')
}

const menu = (house: TestHouse, path: string): string => house.text(`${path}boot.ipxe`)
const tokenIn = (text: string): string => /url=http:\/\/10\.77\.0\.1\/a\/(\S+)/.exec(text)![1]!

/** Somebody edits a file of the site, and the server reads it again. */
async function edit(house: TestHouse, name: string, text: string): Promise<void> {
  writeFileSync(join(house.directory, name), text)
  await house.replace(loadSite(house.directory))
}

const changed = (from: string, to: string): [string, string] => ['fleet.yaml', fleet.replace(from, to)]

test.each<[string, [string, string]]>([
  [
    'another kernel',
    changed('kernel: boot/vmlinuz, initrd: [boot/initrd.gz], args: "url', 'kernel: files/hello.txt, args: "url'),
  ],
  ['another initrd', changed('initrd: [boot/initrd.gz], args: "url', 'initrd: [boot/vmlinuz], args: "url')],
  ['other arguments', changed('url={{answer.url}}', 'url={{answer.url}} disk=all')],
  ['another answer', changed('answers/web.hbs', 'answers/probe.hbs')],
  ['another text of its answer', ['answers/web.hbs', 'rootpw other\n']],
  ['variables', changed('answers/web.hbs }', 'answers/web.hbs, vars: { disk: sdb } }')],
])(
  'a profile that was given %s after the permit was made is not installed under it, before and after the claim',
  async (_, [name, text]) => {
    using house = openHouse()
    await reinstall(house.house, 'duncan', { by: 'a test' })
    await edit(house, name, text)
    const said = menu(house, power(house))
    expect(said).toMatch(
      /duncan: local: profile web was edited after permit \w+ was made: birnam reinstall duncan allows what it is now/,
    )
    expect(house.house.permits.of('duncan')?.state).toBe('armed')
    await reinstall(house.house, 'duncan', { by: 'a test' })
    const claimed = menu(house, power(house))
    expect(claimed).toContain('kernel http')
  },
)

test('an edit after the claim closes the answer of the install under way, and says so', async () => {
  using house = openHouse()
  await reinstall(house.house, 'duncan', { by: 'a test' })
  const path = power(house)
  const token = tokenIn(menu(house, path))
  expect(house.text(`a/${token}`)).toContain('rootpw')
  await edit(house, ...changed('url={{answer.url}}', 'url={{answer.url}} disk=all'))
  expect(house.ask(`a/${token}`)).toMatchObject({
    kind: 'refused',
    status: 410,
    message: expect.stringMatching(/was edited after permit \w+ was made: birnam reinstall duncan --again/) as string,
  })
  expect(menu(house, path)).toContain('duncan: local')
})

test('a permit of a golden image starts no installer, though its profile has the same name', async () => {
  using house = openHouse()
  const { permits, contents, registry } = house.house
  const profile = registry.profile('web')!
  if (profile.kind !== 'install') throw new Error('web is an install')
  const times = { lifetime: 60_000, install: 60_000 }
  const wish = { machine: 'duncan', target: 'web', kind: 'image', content: contents.of(profile), by: 'a test' } as const
  permits.arm(wish, times, house.now, 'p1')
  expect(menu(house, power(house))).toContain(
    'local: permit p1 allows an image profile, but web is an install profile now',
  )
  expect(permits.of('duncan')?.state).toBe('armed')
})

test('what is no part of what is allowed may be edited: names, order, comments, the loader, the variables of the machine', async () => {
  using house = openHouse()
  await reinstall(house.house, 'duncan', { by: 'a test' })
  const same =
    '- { answer: answers/web.hbs, loader: ipxe, args: "url={{answer.url}}", name: web, initrd: [boot/initrd.gz], kernel: boot/vmlinuz, kind: install }\n'
  await edit(house, 'fleet.yaml', `# a word\n${fleet.replace(web, same).replace('$6$salt$secret', '$6$salt$other')}`)
  expect(menu(house, power(house))).toContain('kernel http')
})

test('of a golden image the layout counts, its text too', () => {
  const profiles = 'profiles: [{ name: porter, kind: image, image: porter, layout: layouts/own.yaml }]\n'
  using house = openHouse({ 'fleet.yaml': profiles, 'layouts/own.yaml': 'disks: []\n' })
  const digest = (): string => {
    const site = loadSite(house.directory)
    const [profile] = site.profiles
    return new ProfileContents(site, house.house.paths, undefined).of(profile as never)
  }
  const before = digest()
  expect(digest()).toBe(before)
  writeFileSync(join(house.directory, 'layouts/own.yaml'), 'disks: [] # all\n')
  expect(digest()).not.toBe(before)
  writeFileSync(join(house.directory, 'layouts/own.yaml'), 'disks: []\n')
  expect(digest()).toBe(before)
  writeFileSync(join(house.directory, 'fleet.yaml'), profiles.replace('image: porter,', 'image: "porter:2",'))
  expect(digest()).not.toBe(before)
})
