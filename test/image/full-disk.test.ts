import { execa } from 'execa'
import { mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLayoutStore } from '../../src/image/layout-store.ts'
import { parseReference } from '../../src/image/reference.ts'
import { imageOf } from './layout.ts'

const reason = process.getuid?.() === 0 ? undefined : 'needs root, to mount a small file system'

test.skipIf(reason !== undefined)(
  `a full disk is told in one sentence, gives its space back, and loses no finished version${reason ? ` (skipped: ${reason})` : ''}`,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'birnam-full-'))
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'birnam-full', directory])
    try {
      const store = openLayoutStore(join(directory, 'images'))
      const first = await store.put('porter', undefined, await imageOf(store, 'small'))
      const free = (): number => statfsSync(directory).bavail
      const before = free()
      const fill = async (): Promise<void> => {
        await using writer = await store.write()
        for (let n = 0; n < 20; n++) await writer.write(Buffer.alloc(1 << 20, n))
        await writer.commit()
      }
      await expect(fill()).rejects.toMatchObject({ code: 'disk-failed', message: expect.stringContaining('full') })
      expect(free()).toBe(before)
      expect(readdirSync(join(directory, 'images', 'ingest'))).toEqual([])
      expect(await store.find(parseReference('porter'))).toEqual(first)
      expect((await store.put('porter', undefined, await imageOf(store, 'again'))).tags).toEqual(['2'])
    } finally {
      await execa('umount', [directory])
      rmSync(directory, { recursive: true })
    }
  },
)
