import { onTestFailed } from 'vitest'
import type { BirnamServer } from './server.ts'

/** A test that fails shows what the server said; a bench, which may use the same scenes, is no test. */
export function tellWhenFailed(server: BirnamServer): void {
  if (process.env['VITEST'] === undefined) return
  onTestFailed(() => console.log(`what the server said:\n${server.text.slice(-8000)}`))
}
