import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// What was compiled once need not be again: half of a command's start. It is kept where only who installed Birnam can write; elsewhere nothing is kept.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/birnam/compiled'))
const { run } = await import('./cli/program.ts')

process.exitCode = await run(process.argv)
