import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { digestOfBytes, imageOf, keepBlob, Layout } from './layout.ts'

const now = { grace: 0 }

test('what no version needs is removed, what one needs stays', async () => {
  using layout = new Layout()
  await layout.store.put('porter', undefined, await imageOf(layout.store, 'one'))
  await layout.store.put('porter', undefined, await imageOf(layout.store, 'two'))
  await layout.store.untag('porter', '1')
  layout.now += 7_200_000
  const { removed, kept } = await layout.store.gc()
  expect(removed).toContain(digestOfBytes('one'))
  expect([removed.length, kept]).toEqual([3, 3])
  expect(await layout.store.blob(digestOfBytes('two'))).toBeDefined()
  expect((await layout.store.verify()).broken).toEqual([])
})

test('a layer that two versions share stays with the one that is left', async () => {
  using layout = new Layout()
  await layout.store.put('porter', undefined, await imageOf(layout.store, 'shared', { annotations: { n: '1' } }))
  await layout.store.put('porter', undefined, await imageOf(layout.store, 'shared', { annotations: { n: '2' } }))
  await layout.store.untag('porter', '1')
  layout.now += 600_000
  expect((await layout.store.gc(now)).removed).toHaveLength(1)
  expect((await layout.store.verify()).broken).toEqual([])
})

test('a young blob is spared: its manifest may be on its way, also from another process', async () => {
  using layout = new Layout()
  const { digest } = await keepBlob(layout.again(), 'half a capture')
  expect(await layout.store.gc()).toMatchObject({ removed: [], spared: [digest] })
  utimesSync(layout.blobPath(digest), 1, 1)
  await keepBlob(layout.again(), 'half a capture')
  expect(await layout.store.gc()).toMatchObject({ removed: [], spared: [digest] })
})

test('a blob that is being read is spared, and for a while after', async () => {
  using layout = new Layout()
  const { digest } = await keepBlob(layout.store, 'layer')
  layout.now += 7_200_000
  const reading = layout.store.reading(digest)
  expect(await layout.store.gc()).toMatchObject({ removed: [], spared: [digest] })
  reading[Symbol.dispose]()
  expect(await layout.store.gc()).toMatchObject({ removed: [], spared: [digest] })
  layout.now += 16 * 60_000
  expect(await layout.store.gc()).toMatchObject({ removed: [digest], spared: [] })
})

test('what a machine was promised stays, with all its layers, though its name is gone', async () => {
  using layout = new Layout()
  const { digest } = await layout.store.put('porter', undefined, await imageOf(layout.store, 'promised'))
  await layout.store.untag('porter', '1')
  layout.now += 600_000
  expect((await layout.store.gc({ ...now, promised: [digest] })).removed).toEqual([])
  expect((await layout.store.gc(now)).removed).toHaveLength(3)
})

test('a dry run tells the same and removes nothing', async () => {
  using layout = new Layout()
  const { digest } = await keepBlob(layout.store, 'x')
  layout.now += 600_000
  expect(await layout.store.gc({ ...now, dryRun: true })).toMatchObject({ removed: [digest], bytes: 1 })
  expect(await layout.store.blob(digest)).toBeDefined()
})

test('a manifest that cannot be read stops gc: what it needs is not known', async () => {
  using layout = new Layout()
  const { digest } = await layout.store.put('porter', undefined, await imageOf(layout.store, 'x'))
  await keepBlob(layout.store, 'loose')
  writeFileSync(layout.blobPath(digest), '{}')
  layout.now += 600_000
  await expect(layout.store.gc(now)).rejects.toMatchObject({ code: 'image-invalid' })
  expect(await layout.store.blob(digestOfBytes('loose'))).toBeDefined()
})

test('puts and gc at once lose no version', async () => {
  using layout = new Layout()
  const other = layout.again()
  const done = new AbortController()
  const sweeping = (async () => {
    while (!done.signal.aborted) await other.gc({ grace: 0 })
  })()
  const puts = [...Array(10).keys()].map(async (n) => {
    for (;;) {
      try {
        return await layout.store.put('porter', undefined, await imageOf(layout.store, `image ${n}`))
      } catch {
        // Without any grace a blob may go before its manifest comes; then the put says so, and nothing half is kept.
      }
    }
  })
  await Promise.all(puts)
  done.abort()
  await sweeping
  expect((await layout.store.list()).length).toBe(10)
  expect((await layout.store.verify()).broken).toEqual([])
})

test('verify names every broken and missing blob, and the versions that need it', async () => {
  using layout = new Layout()
  await layout.store.put('porter', undefined, await imageOf(layout.store, 'one'))
  await layout.store.put('porter', undefined, await imageOf(layout.store, 'two'))
  await layout.store.put('porter', undefined, await imageOf(layout.store, 'three'))
  writeFileSync(layout.blobPath(digestOfBytes('one')), 'eno')
  rmSync(layout.blobPath(digestOfBytes('two')))
  const seen: number[] = []
  const { broken, checked } = await layout.store.verify({ onProgress: ({ bytes, total }) => seen.push(bytes / total) })
  expect(broken).toEqual([
    { digest: digestOfBytes('one'), why: 'changed', neededBy: ['porter:1'] },
    { digest: digestOfBytes('two'), why: 'missing', neededBy: ['porter:2'] },
  ])
  expect(checked).toBe(8)
  expect(seen.at(-1)).toBe(1)
})
