import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { run } from '../../src/cli/program.ts'

export interface Typed {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Somebody at a shell: commands on a site, with a data directory of their own, in this process and not at a terminal. */
export interface Shell extends Disposable {
  readonly data: string
  type(...words: readonly string[]): Promise<Typed>
}

export function openShell(site: string): Shell {
  const data = mkdtempSync(join(tmpdir(), 'birnam-shell-'))
  return {
    data,
    type: (...words) => typed(['node', 'birnam', '--site', site, '--data', data, ...words]),
    [Symbol.dispose]: () => rmSync(data, { recursive: true }),
  }
}

/** Runs a command line; what it prints is caught. */
export async function typed(argv: readonly string[]): Promise<Typed> {
  const [out, err]: [string[], string[]] = [[], []]
  const caught = [
    vi.spyOn(console, 'log').mockImplementation((text: string) => void out.push(`${text}\n`)),
    vi.spyOn(console, 'error').mockImplementation((text: string) => void err.push(`${text}\n`)),
    vi.spyOn(process.stdout, 'write').mockImplementation((text, ...more) => {
      out.push(String(text))
      const written = more.at(-1)
      if (typeof written === 'function') written()
      return true
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0),
  ]
  try {
    const code = await run(argv)
    return { code, out: out.join(''), err: err.join('') }
  } finally {
    process.exitCode = undefined
    for (const spy of caught) spy.mockRestore()
  }
}

/** Every command with its inner ones, as their help lists them: `machine`, `machine list`. */
export async function commandsIn(path: readonly string[] = []): Promise<string[][]> {
  const { out } = await typed(['node', 'birnam', ...path, '--help'])
  const listed = out.split(/^Commands:$/m)[1]?.split(/^\S/m)[0] ?? ''
  const names = [...listed.matchAll(/^ {2}([a-z]\S*)/gm)].map(([, name]) => name!).filter((name) => name !== 'help')
  const found: string[][] = []
  // One after the other: what a command prints is caught for the whole process.
  for (const name of names) found.push([...path, name], ...(await commandsIn([...path, name])))
  return found
}
