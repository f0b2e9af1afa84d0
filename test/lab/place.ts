import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory of a test, gone with it. */
export interface Place extends AsyncDisposable {
  readonly path: string
}

/** A new empty directory. It is removed even when this process is killed. */
export async function openPlace(): Promise<Place> {
  root ??= rootWithJanitor()
  const path = await mkdtemp(join(root, 'place-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

let root: string | undefined

/** The janitor waits for the end of its input, which is the end of this process however it comes, and removes everything. */
function rootWithJanitor(): string {
  const directory = mkdtempSync(join(tmpdir(), 'birnam-test-'))
  const words = ['-c', 'cat > /dev/null; sleep 1; rm -rf "$0"', directory]
  const janitor = spawn('sh', words, { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  janitor.unref()
  if (janitor.stdin instanceof Socket) janitor.stdin.unref()
  return directory
}
