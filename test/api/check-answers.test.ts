import { expect, test } from 'vitest'
import { checkHouse } from '../../src/api/check.ts'
import { files, openHouse } from '../house.ts'

const fleet = files['fleet.yaml']!

async function said(change: Readonly<Record<string, string>>): Promise<readonly string[]> {
  using house = openHouse(change)
  const found = await checkHouse(house.house, house.shelf, () => Promise.resolve([]))
  return found
    .filter(({ message }) => !message.startsWith('the loader '))
    .map(({ severity, file, line, message, hint }) => `${severity} ${file}:${line}: ${message} (${hint})`)
}

const withAnswer = (answer: string) => ({
  'fleet.yaml': fleet
    .replace('kernel: boot/vmlinuz, initrd: [boot/initrd.gz], args: "url={{answer.url}}"', 'distro: d')
    .replace('answers/web.hbs', answer)
    .replace(', vars: { hash: $6$salt$secret }', '')
    .concat(
      'distros:\n  - { name: d, family: debian, version: "13", kernel: boot/vmlinuz, initrd: [boot/initrd.gz] }\n',
    ),
})

test('an answer that another family reads is one finding, and what else would be said of it is not', async () => {
  expect(await said(withAnswer('kickstart/redhat/server.ks.hbs'))).toEqual([
    'error fleet.yaml:6: kickstart/redhat/server.ks.hbs of profile web is written for kickstart, and d reads preseed (name an answer for preseed, kickstart/debian/server.cfg.hbs for instance, or another distro)',
  ])
})

test.each([
  ['kickstart', 'lang en\n%packages\n%end\n'],
  ['autoinstall', '#cloud-config\nautoinstall:\n  version: 1\n'],
  ['cloud-init', '#cloud-config\nusers: []\n'],
  ['esxi', 'vmaccepteula\n%firstboot\n'],
  ['ignition', 'variant: fcos\nversion: 1.5.0\n'],
  ['windows', '<unattend xmlns="x"></unattend>'],
])("a site's own answer for %s is known by its text", async (family, text) => {
  const [first, ...others] = await said({ ...withAnswer('answers/own.hbs'), 'answers/own.hbs': text })
  expect(first).toContain(`answers/own.hbs of profile web is written for ${family}, and d reads preseed`)
  expect(others).toEqual([])
})

test('an install that never reports that it is done is told once', async () => {
  const own = (end: string) => ({ ...withAnswer('answers/own.hbs'), 'answers/own.hbs': `d-i a/b string ${end}\n` })
  expect(await said(own('x'))).toEqual([
    'warning fleet.yaml:6: answers/own.hbs of profile web never reports that it is done: each of its installs will end as one that hangs (put {{> templates/post/_report.sh.hbs}} into its last script, and birnam_report done at the end)',
  ])
  expect(await said(own('curl -d kind=done {{report.url}}'))).toEqual([])
  expect(
    await said({ ...own('{{> answers/part.hbs}}'), 'answers/part.hbs': 'curl -d kind=done {{report.url}}' }),
  ).toEqual([])
})

test('an answer that is not there is told at the profile that names it', async () => {
  const [missing] = (await said(withAnswer('answers/none.hbs'))).filter((line) => line.includes('none'))
  expect(missing).toBe(
    'error fleet.yaml:6: there is no template answers/none.hbs, which profile web names as its answer (put it into the site under that path)',
  )
})

test('a typing mistake in a layout is told with its key and its line', async () => {
  const site = fleet.replace(
    /- \{ name: web, .*\n/,
    '- { name: web, kind: image, image: "porter:13", layout: layouts/mine.yaml }\n',
  )
  const found = await said({ 'fleet.yaml': site, 'layouts/mine.yaml': 'disks:\n  - pick: first\n    tabel: gpt\n' })
  expect(found.find((line) => line.includes('layouts/mine.yaml:'))).toMatch(
    /^error layouts\/mine\.yaml:\d: disks\[0\]\S*: /,
  )
})
