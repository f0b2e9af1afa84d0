import { spawnSync } from 'node:child_process'
import { accessSync, existsSync } from 'node:fs'
import { programs } from '../test/lab/packages.ts'

/** Installs what is missing, or says what a person can install; tests that need it are skipped with the reason. */
function main(): void {
  const missing = missingPackages()
  if (missing.length === 0) return
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.log(
      `Some tests will be skipped. For all of them, as root: apt-get install --no-install-recommends ${missing.join(' ')}`,
    )
    return
  }
  console.log(`Installing Debian packages for the tests: ${missing.join(' ')}`)
  if (!install(missing) && !(apt('update') && install(missing))) {
    // One that this release lacks must not keep the others away.
    for (const name of missing) install([name])
  }
  const still = missingPackages()
  if (still.length > 0) console.log(`Could not be installed, tests that need them will be skipped: ${still.join(' ')}`)
}

function missingPackages(): string[] {
  const wanted = Object.values(programs).filter(({ paths }) => !paths.some(isThere))
  return [...new Set(wanted.map((program) => program.package))]
}

function isThere(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}

function install(names: readonly string[]): boolean {
  return apt('install', '-y', '--no-install-recommends', ...names)
}

function apt(...words: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stderr } = spawnSync('apt-get', ['-q', ...words], { env, encoding: 'utf8' })
  if (status !== 0) console.log(stderr.trim().split('\n').slice(-3).join('\n'))
  return status === 0
}

main()
