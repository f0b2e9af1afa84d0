import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { allLayoutKeys } from '../../src/imager/disks/keys.ts'
import { readLayout } from '../../src/imager/disks/read.ts'
import { diskScript } from '../../src/imager/disks/script.ts'

const page = readFileSync('docs/layouts.md', 'utf8')
const rows = (part: string): string[] => [...part.matchAll(/^\| (.+?) \|/gm)].map(([, cell]) => cell!)

test('docs/layouts.md has a row for every key of a layout, and for nothing else', () => {
  const [, keys = ''] = page.split('## Every key')
  const told = rows(keys.split('\n## ')[0]!).flatMap((cell) => /^`(.+)`$/.exec(cell)?.[1] ?? [])
  expect(told.toSorted()).toEqual(allLayoutKeys().toSorted())
})

test('the example of docs/layouts.md is a layout, and the functions that it lists are in the script', () => {
  const { layout, problems } = readLayout('docs/layouts.md', /```yaml\n([^]*?)```/.exec(page)![1]!)
  expect(problems).toEqual([])
  const functions = [...page.split('## In the install script')[1]!.matchAll(/`(disks_\w+)/g)].map(([, name]) => name!)
  const script = diskScript(layout!)
  expect(functions.filter((name) => !script.includes(`${name}() {`))).toEqual([])
})
