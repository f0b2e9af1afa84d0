import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

/** Who may import whom: a room imports its own row's rooms never, and lower rows always. docs/architecture.md draws it. */
const rows: readonly (readonly string[])[] = [
  ['main'],
  ['cli'],
  ['app'],
  ['api'],
  ['dhcp', 'dhcp6', 'files', 'systemimager', 'cobbler'],
  ['takeover'],
  ['tftp', 'http'],
  ['imager', 'swarm', 'backup'],
  ['menu', 'answer', 'template'],
  ['boot'],
  ['machine', 'distro'],
  ['image'],
  ['config', 'journal'],
  ['net'],
  ['fault'],
]

const rowOf = new Map(rows.flatMap((rooms, row) => rooms.map((room) => [room, row] as const)))
const files = globSync('src/**/*.ts')
const arrows = files.flatMap((file) => importsOf(file).map(({ target, typeOnly }) => ({ file, target, typeOnly })))

test('every room stands in the map', () => {
  const rooms = new Set(files.map(roomOf))
  rooms.delete('store')
  expect([...rooms].filter((room) => !rowOf.has(room))).toEqual([])
})

test('arrows point down', () => {
  const wrong = arrows.filter(({ file, target }) => {
    const [from, to] = [roomOf(file), roomOf(target)]
    return from !== to && from !== 'store' && to !== 'store' && rowOf.get(from)! >= rowOf.get(to)!
  })
  expect(wrong.map(({ file, target }) => `${file} -> ${target}`)).toEqual([])
})

test('a store implements ports: it imports the types of its users, and only the app names a store', () => {
  const wrong = arrows.filter(({ file, target, typeOnly }) => {
    if (roomOf(target) === 'store') return !['store', 'app'].includes(roomOf(file))
    return roomOf(file) === 'store' && !typeOnly && !['fault', 'net'].includes(roomOf(target))
  })
  expect(wrong.map(({ file, target }) => `${file} -> ${target}`)).toEqual([])
})

test('carriers never know what they carry', () => {
  const wrong = arrows.filter(({ file, target }) => {
    const known = ['boot', 'machine', 'config', 'menu', 'answer', 'template']
    return ['tftp', 'http'].includes(roomOf(file)) && known.includes(roomOf(target))
  })
  expect(wrong.map(({ file, target }) => `${file} -> ${target}`)).toEqual([])
})

test('no import leads back to where it began, not even of a type', () => {
  const targets = Map.groupBy(everyArrow(), ({ file }) => file)
  const [done, circles] = [new Set<string>(), new Set<string>()]
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file)
    if (at >= 0) return void circles.add([...path.slice(at), file].join(' -> '))
    if (done.has(file)) return
    for (const { target } of targets.get(file) ?? []) walk(target, [...path, file])
    done.add(file)
  }
  for (const file of files) walk(file, [])
  expect([...circles]).toEqual([])
})

test('the heart is pure: it opens no file, socket or clock', () => {
  const impure = /node:(fs|net|dgram|http|child_process|timers)|\bDate\.now\(\)|Math\.random\(\)/
  const heart = files.filter((file) => ['boot', 'machine'].includes(roomOf(file)))
  expect(heart.filter((file) => impure.test(readFileSync(file, 'utf8')))).toEqual([])
})

function roomOf(file: string): string {
  return file.split('/')[1]!.replace(/\.ts$/, '')
}

/** What is only imported when it is needed, too. */
function everyArrow(): readonly { readonly file: string; readonly target: string }[] {
  const late = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\bimport\(\s*'(\.[^']+)'/g)].map(([, path]) => ({
      file,
      target: normalize(join(dirname(file), path!)),
    })),
  )
  return [...arrows, ...late]
}

function importsOf(file: string): { target: string; typeOnly: boolean }[] {
  const text = readFileSync(file, 'utf8')
  const found = [...text.matchAll(/^(?:import|export)\s+(type\s+)?[^'"]*?from\s+['"](\.[^'"]+)['"]/gm)]
  return found.map(([, type, path]) => ({
    target: normalize(join(dirname(file), path!)),
    typeOnly: type !== undefined,
  }))
}
