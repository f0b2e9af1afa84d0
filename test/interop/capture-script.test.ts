import { spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { capture, type Captured } from '../../src/image/capture.ts'
import { captureScript, ScriptCapture } from '../../src/image/capture-script.ts'
import { openTreeCache } from '../../src/image/tree-cache.ts'
import { treeOf } from '../../src/image/version-tree.ts'
import { MemoryStore } from '../image/memory-store.ts'
import { run } from '../lab/child.ts'
import { showWords } from '../lab/living.ts'
import { labTest } from '../lab/needs.ts'
import { openLan } from '../lab/network.ts'
import { openPlace } from '../lab/place.ts'
import { serve as serveBirnam } from '../lab/server.ts'
import { openSite } from '../lab/site.ts'

labTest(
  'a machine captures itself: curl, sh, and a small root of its own; again, it hears that nothing has changed',
  ['root', 'curl', 'unshare', 'busybox'],
  async () => {
    await using place = await openPlace()
    const store = new MemoryStore()
    const cache = openTreeCache(`${place.path}/cache`)
    const root = await makeRoot(place.path)
    const once = async (change: string): Promise<{ captured: Captured; said: string }> => {
      const machine = new ScriptCapture('script:porter')
      const work = capture(store, machine.source, { as: 'porter', cache })
      const done = work.then(
        (captured) => {
          machine.nothingToPack()
          return captured
        },
        (error: unknown) => {
          throw machine.abort(error)
        },
      )
      done.catch(() => undefined)
      await using server = await serve(machine, done)
      const shell = `set -e; cd ${root}; ${change}; mount -t proc none proc; mount --bind /dev dev
      PATH=/run/bin LD_LIBRARY_PATH=/run/lib exec /usr/sbin/chroot . sh -c 'echo url=${server.url} | curl -fsSK - | sh'`
      const said = await run(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', shell])
      return { captured: await done, said }
    }
    const first = await once('echo one > etc/app/one')
    expect(first.said).toContain('porter:1')
    const { tree } = await treeOf(store, first.captured.version!, { cache })
    expect([tree.has('etc/app/one'), tree.has('run'), tree.has('run/bin')]).toEqual([true, true, false])
    const second = await once('true')
    expect([second.captured.version, second.said]).toEqual([undefined, expect.stringContaining('nothing has changed')])
    const third = await once('rm etc/app/one')
    expect([third.captured.removed, third.said]).toEqual([1, expect.stringContaining('porter:2')])
  },
)

labTest('a machine that stops sending leaves no version', ['curl'], async () => {
  const store = new MemoryStore()
  const machine = new ScriptCapture('script:porter')
  const done = capture(store, machine.source, {
    as: 'porter',
    cache: { load: () => Promise.resolve(undefined), save: () => Promise.resolve() },
  })
  done.catch(() => undefined)
  await using server = await serve(machine, done)
  const probe =
    "printf '\\nbirnam-probe-1\\0'; echo 0; printf '\\0m\\0'; cat /proc/self/mountinfo; printf '\\0GNU tar\\0'; tar --help; printf '\\0GNU findutils\\0=\\0'"
  await run(['sh', '-c', `(${probe}) | curl -fsS -T - ${server.url}/probe > /dev/null`])
  const line =
    String.raw`d\0755\0000\0000\00\01.0\01.0\01\02\02\0\0/\0` +
    String.raw`f\0644\0000\0000\0100000000\01.0\01.0\01\03\01\0\0/big\0=\0000\0`
  await run([
    'sh',
    '-c',
    `printf '${line.replaceAll(String.raw`\0`, String.raw`\000`)}' | curl -fsS -T - ${server.url}/list > /dev/null`,
  ])
  const cut = spawn('sh', ['-c', `(tar -c -C / --format=pax etc; sleep 60) | curl -fsS -T - ${server.url}/tar`], {
    detached: true,
    stdio: 'ignore',
  })
  await new Promise((resolve) => setTimeout(resolve, 700))
  process.kill(-cut.pid!, 'SIGKILL')
  await expect(done).rejects.toMatchObject({ code: 'capture-failed', message: 'the machine stopped sending' })
  expect([store.versions.length, store.committed]).toEqual([0, 0])
})

labTest(
  "the server's own command for it: good for one capture of one machine, told in the journal, and nothing without its token",
  ['lan', 'curl', 'unshare', 'busybox', 'kernel'],
  async () => {
    await using site = await openSite()
    await using lan = await openLan()
    await using server = await serveBirnam(lan, site)
    const root = await makeRoot(join(site.directory, '..'))
    const client = await lan.client()
    await client.run('ip address add 10.77.0.50/24 dev eth0')
    await showWords(`${root}/run/bin/curl`, '/run/words', '/run/bin/sh')
    const told = await server.command('image', 'capture-script', '--as', 'porter')
    const url = /echo url=(http:\S+) \| curl -fsSK - \| sh/.exec(told)![1]!
    const shell = `cd ${root}; mount -t proc none proc; mount --bind /dev dev
      PATH=/run/bin LD_LIBRARY_PATH=/run/lib exec /usr/sbin/chroot . sh -c 'echo url=${url} | curl -fsSK - | sh'`
    const again = (): Promise<string> =>
      client.run(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', `${shell} 2>&1; true`])
    expect(await again()).toContain('porter:1 is kept')
    expect(await server.command('image', 'ls')).toMatch(/porter +1 /)
    const shown = await readFile(`${root}/run/words`, 'utf8')
    expect(shown).toContain('-T')
    expect(shown).not.toMatch(/http:|[0-9a-f]{40}/)
    expect(await again()).toMatch(/404|403/)
    const wrong = url.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    expect(await client.run(['curl', '-s', '-T', '/dev/null', `${wrong}/probe`])).toContain('no capture has that token')
    await server.says(/image\.captured/)
  },
)

/** A small root; the programs are where no capture looks. */
async function makeRoot(place: string): Promise<string> {
  const root = `${place}/root`
  await run([
    'sh',
    '-c',
    `set -e; mkdir ${root}; cd ${root}; mkdir -p usr/share proc tmp etc/app dev run/bin run/lib; ln -s run/lib lib64
    for p in sh curl tar find cat mktemp rm id; do
      f=$(readlink -f $(command -v $p)); cp $f run/bin/$p; cp -L $(ldd $f | grep -o '/[^ ]*') run/lib
    done`,
  ])
  return root
}

async function serve(
  machine: ScriptCapture,
  done: Promise<Captured>,
): Promise<AsyncDisposable & { readonly url: string }> {
  let url = ''
  const answer = async (request: IncomingMessage): Promise<string | Uint8Array> => {
    switch (request.url!.replace('/c', '')) {
      case '':
        return captureScript(url)
      case '/probe':
        return machine.probe(request)
      case '/list':
        return machine.list(request)
      case '/pack':
        return machine.packShell()
      case '/tar':
        await machine.tar(request)
        return ''
      default: {
        await machine.end(request)
        const { version } = await done
        return version ? `${version.name}:${version.tags[0]}\n` : 'nothing has changed\n'
      }
    }
  }
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    answer(request).then(
      (body) => response.end(body),
      (error: unknown) => response.writeHead(500).end(`${String(error)}\n`),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/c`
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  return { url, [Symbol.asyncDispose]: close }
}
