import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extractWords } from '../../src/image/extract-words.ts'
import { unpacked } from '../../src/image/layer-read.ts'
import { makeWayWords } from '../../src/image/make-way.ts'
import type { ImageStore, ImageVersion } from '../../src/image/store.ts'
import { removedBy } from '../../src/image/version-tree.ts'

/** As the imager lays a version: by the shell functions of the script that machines are given, and by the same tar. */
export async function layAsImager(store: ImageStore, version: ImageVersion, to: string): Promise<void> {
  mkdirSync(to)
  const lists = mkdtempSync(join(tmpdir(), 'birnam-lay-'))
  const [program, ...words] = extractWords(to, version.manifest.layers)
  try {
    for (const [index, { digest }] of version.manifest.layers.entries()) {
      if (index > 0) removeGone(await removedBy(store, digest), to, lists)
      const input = await bytesOf(await unpacked(await store.open(digest)))
      const { status, stderr } = spawnSync(program!, words, { input })
      const said = stderr.toString().replace(/^tar: .*(?:time stamp|implausibly old time stamp).*\n/gm, '')
      if (status !== 0 || said !== '') throw new Error(`tar ended with ${status}: ${said}`)
    }
  } finally {
    rmSync(lists, { recursive: true })
  }
}

function removeGone(removed: Awaited<ReturnType<typeof removedBy>>, root: string, lists: string): void {
  for (const [name, paths] of Object.entries(removed))
    writeFileSync(join(lists, name), Buffer.from(paths.map((path: string) => `${path}\0`).join(''), 'latin1'))
  const template = readFileSync('templates/imager/_pull.sh.hbs', 'utf8')
  const functions = template.slice(template.indexOf('remove_gone() {'))
  const words = makeWayWords.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ')
  const script = `set -e
fetch() { cp "$lists/\${1##*/}" "$2"; }
${functions.replace('{{lines makeWay}}', () => words)}
remove_gone digest`
  const env = { ...process.env, root, lists, work: lists, removed_url: 'removed' }
  execFileSync('sh', ['-c', script], { env, stdio: ['ignore', 'ignore', 'inherit'] })
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of stream) parts.push(chunk as Uint8Array)
  return Buffer.concat(parts)
}
