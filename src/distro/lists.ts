import type { List, Verify } from './recognised.ts'
import { parseSums } from './sums.ts'
import type { Tree } from './tree.ts'

/** Lists of checksums at the top of a tree, with the signatures that may stand beside them. The first that is there says all. */
const files = ['sha256sum.txt', 'SHA256SUMS', 'CHECKSUMS', 'md5sum.txt'] as const

export async function listsIn(tree: Tree, verify: Verify): Promise<readonly List[]> {
  for (const file of files) {
    const bytes = await tree.read(file)
    if (!bytes) continue
    const sums = parseSums(bytes.toString('utf8'))
    if (sums.size > 0) return [{ file, sums, signature: await signatureOf(tree, file, bytes, verify) }]
  }
  return []
}

/** The detached signature beside a file, under any of the names in use. */
export async function signatureOf(
  beside: { read(path: string, most?: number): Promise<Buffer | undefined> },
  file: string,
  bytes: Buffer,
  verify: Verify,
): ReturnType<Verify> {
  for (const ending of ['gpg', 'asc', 'sign', 'sig']) {
    const signature = await beside.read(`${file}.${ending}`, 1024 * 1024)
    if (signature) return verify(file, bytes, signature)
  }
  return { state: 'none' }
}
