import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// What was compiled once need not be again: half of a command's start. It is kept where only who installed Birnam can write; elsewhere nothing is kept.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/birnam/compiled'))
const { watchOutput } = await import('./cli/output.ts')
const isLost = watchOutput()
const { run } = await import('./cli/program.ts')

const code = await run(process.argv)
process.exitCode = (await isLost()) ? code || 1 : code
