import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const tool = join(import.meta.dirname, '../../tools/example-kernel')

interface Checkout {
  readonly boot: string
  readonly run: () => { readonly code: number | null; readonly err: string }
}

/** A checkout with a Debian whose archive has that package, or none. */
function checkout(packages: readonly string[]): Checkout {
  const home = mkdtempSync(join(tmpdir(), 'birnam-example-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  const [boot, bin] = [join(home, 'examples/first-boot/boot'), join(home, 'bin')]
  for (const directory of [boot, bin, join(home, 'tools')]) mkdirSync(directory, { recursive: true })
  cpSync(tool, join(home, 'tools/example-kernel'))
  const inside = 'usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64'
  const programs = {
    'apt-cache': packages.map((name) => `echo '${name} - images'`).join('\n'),
    'apt-get': 'for name; do :; done; : > "${name}_1_all.deb"',
    'dpkg-deb': `mkdir -p ${inside} && echo "$2" > ${inside}/linux && echo initrd > ${inside}/initrd.gz`,
  }
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH']}` }
  return {
    boot,
    run() {
      const { status, stderr } = spawnSync(join(home, 'tools/example-kernel'), { env, encoding: 'utf8' })
      return { code: status, err: stderr }
    },
  }
}

test("the example's kernel and initrd come out of Debian's newest installer package", () => {
  const { boot, run } = checkout(['debian-installer-9-netboot-amd64', 'debian-installer-12-netboot-amd64'])
  expect(run()).toEqual({ code: 0, err: '' })
  expect(readFileSync(join(boot, 'linux'), 'utf8')).toBe('debian-installer-12-netboot-amd64_1_all.deb\n')
  expect(readFileSync(join(boot, 'initrd.gz'), 'utf8')).toBe('initrd\n')
  writeFileSync(join(boot, 'linux'), 'mine')
  expect(run().code).toBe(0)
  expect(readFileSync(join(boot, 'linux'), 'utf8')).toBe('mine')
})

test('where no such package is known, that is one sentence', () => {
  const { code, err } = checkout([]).run()
  expect(code).toBe(1)
  expect(err).toMatch(/^example-kernel: apt knows no debian-installer-N-netboot-amd64 .*README\.md[^\n]*\n$/)
})
