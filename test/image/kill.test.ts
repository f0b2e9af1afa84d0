import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Layout } from './layout.ts'

const putter = join(import.meta.dirname, 'putter.ts')

test('processes that put at once, some of them killed, leave whole versions with a number each', async () => {
  using layout = new Layout()
  const children = [...Array(6).keys()].map((n) => {
    const child = spawn(process.execPath, [putter, layout.path(), String(n)], { stdio: ['ignore', 'pipe', 'inherit'] })
    return { child, ended: once(child, 'exit'), killed: n % 2 === 0 }
  })
  const said = children.map(async ({ child, killed }) => {
    const tags: string[] = []
    for await (const line of child.stdout as AsyncIterable<Buffer>) {
      tags.push(...line.toString().trim().split('\n'))
      // In the middle of the next ones, wherever that is.
      if (killed && tags.length >= 3) child.kill('SIGKILL')
    }
    return tags
  })
  const told = (await Promise.all(said)).flat()
  await Promise.all(children.map(({ ended }) => ended))
  const store = layout.again()
  const tags = (await store.list()).flatMap((version) => version.tags)
  expect(new Set(told).size).toBe(told.length)
  expect(tags).toEqual(expect.arrayContaining(told))
  expect((await store.verify()).broken).toEqual([])
  expect(readdirSync(layout.path('ingest'))).toEqual([])
}, 60_000)
