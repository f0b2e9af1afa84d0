import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { faults } from '../src/fault.ts'

const read = (file: string): string => readFileSync(file, 'utf8')

test('docs/errors.md has a paragraph for every fault, and for nothing else', () => {
  const described = [...read('docs/errors.md').matchAll(/^## (\S+)$/gm)].map(([, code]) => code)
  expect(new Set(described)).toEqual(new Set(Object.keys(faults)))
})

test('every fault in the table is said somewhere', () => {
  const files = globSync('src/**/*.ts').filter((file) => !/src\/(fault|http\/problem)\.ts$/.test(file))
  const text = files.map(read).join('\n')
  expect(Object.keys(faults).filter((code) => code !== 'internal' && !text.includes(`'${code}'`))).toEqual([])
})

test('every event that the program records stands in docs/boot.md, and no other', () => {
  const text = globSync('src/**/*.ts').map(read).join('\n')
  const recorded = [
    ...text.matchAll(
      /(?:type: |record\(|tell\(house, \w+, |#tell\()'((?:dhcp|claim|permit|menu|answer|install|script|overrides|image|multicast|update|site|journal|monitor|machine|console|https|clock)\.[a-z-]+)'/g,
    ),
  ]
  const described = [...read('docs/boot.md').matchAll(/^\| `([a-z]+\.[a-z-]+)` \|/gm)].map(([, type]) => type)
  expect([...new Set(recorded.map(([, type]) => type))].filter((type) => !described.includes(type))).toEqual([])
})

test('docs/api.md has a line for every request that the program answers, and no other', () => {
  const text = globSync('src/api/*.ts').map(read).join('\n')
  const answered = [...text.matchAll(/\b(?:app|api)\.(get|post|put|delete)(?:<[^(]*>)?\(\s*'([^']+)'/g)]
  const described = [...read('docs/api.md').matchAll(/^\| `([A-Z]+ \S+)` \|/gm)].map(([, line]) => line)
  expect(new Set(described)).toEqual(new Set(answered.map(([, verb, path]) => `${verb!.toUpperCase()} ${path}`)))
})

test('every relative link in the documentation leads somewhere', () => {
  const pages = [
    'README.md',
    ...globSync('docs/**/*.md'),
    ...globSync('kickstart/**/*.md'),
    ...globSync('examples/**/*.md'),
  ]
  const dead = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
      .map(([, link]) => new URL(link!, `file://${process.cwd()}/${page}`))
      .filter((url) => globSync(url.pathname).length === 0)
      .map((url) => `${page}: ${url.pathname}`),
  )
  expect(dead).toEqual([])
})

test('no line has npx fetch what the public registry calls birnam', () => {
  const written = globSync('{README.md,{docs,src,examples,kickstart,layouts,templates,pxelinux,tools}/**/*}', {
    withFileTypes: true,
  }).filter((entry) => entry.isFile() && !entry.parentPath.endsWith('first-boot/boot'))
  const said = written
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .filter((file) => read(file).includes('npx birnam'))
  expect(said).toEqual([])
})

test('every dependency has its line in docs/decisions/dependencies.md', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
  const names = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((key) =>
    Object.keys(manifest[key] ?? {}),
  )
  const page = read('docs/decisions/dependencies.md')
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})

// SystemImager 4.3 and 4.9: sbin/.
const siCommands =
  'prepareclient getimage mkautoinstallscript addclients mkclients clusterconfig lsimage cpimage mvimage rmimage mkbootserver mkdhcpserver mkdhcpstatic mkclientnetboot netbootmond mkautoinstallcd mkautoinstalldisk mkbootpackage mkrsyncd_conf installbtimage updateclient pushupdate pushinstall pushoverrides psh pcp monitor monitord monitortk lint'

test('docs/from-systemimager.md has a line for each of its commands', () => {
  const lines = read('docs/from-systemimager.md').split('\n')
  const commands = siCommands.split(' ').map((name) => `si_${name}`)
  const mapped = (command: string): boolean =>
    lines.some((line) => new RegExp(`^\\|.*\`${command}[ \`].*\\| .{5}`).test(line))
  expect(commands.filter((command) => !mapped(command))).toEqual([])
})
