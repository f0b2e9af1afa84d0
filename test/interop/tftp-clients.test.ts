import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { dgramUdp } from '../../src/net/udp-dgram.ts'
import { ffiUdp } from '../../src/net/udp-ffi.ts'
import { clients, TftpServed, type Client, type Wish } from './tftp-served.ts'

const run = promisify(execFile)

const files = {
  'pxelinux.0': randomBytes(42_000),
  empty: Buffer.alloc(0),
  'one-block': randomBytes(512),
  'three-blocks': randomBytes(3 * 1408),
  initrd: randomBytes((33 << 20) - 7),
}

// More than 65,535 blocks of 512 bytes, so that the number on the wire goes round. Lock-step takes long on a busy machine.
for (const client of clients) {
  const title = `${client.name}${client.installed ? '' : ' (skipped: not installed)'}`
  test.skipIf(!client.installed)(`${title} gets 33 MiB in blocks of 512 bytes`, async () => {
    await using served = await TftpServed.open(ffiUdp, { initrd: files.initrd })
    await fetchAndCompare(served, client, 'initrd', { windowsize: 64 })
  })
}

async function fetchAndCompare(
  served: TftpServed,
  client: Client,
  name: keyof typeof files,
  options: Partial<Wish>,
): Promise<void> {
  const { out } = served
  const [program, ...args] = client.command({ port: served.server.port, name, out, ...options })
  await run(program, args)
  expect((await readFile(out)).equals(files[name])).toBe(true)
  await served.server.close()
  expect(served.transfers).toMatchObject([{ name, bytes: files[name].length, outcome: 'sent' }])
}

describe.each([ffiUdp, dgramUdp])('over UDP by $kind', (udp) => {
  for (const client of clients) {
    const title = `${client.name}${client.installed ? '' : ' (skipped: not installed)'}`

    test.skipIf(!client.installed).each([
      ['pxelinux.0', undefined, undefined],
      ['pxelinux.0', 1408, undefined],
      ['pxelinux.0', 1468, 16],
      // curl 7.88 fails at an empty file when it asked for options, at tftpd-hpa as well.
      ['empty', undefined, undefined],
      ['one-block', undefined, undefined],
      ['three-blocks', 1408, undefined],
      ['three-blocks', 1408, 3],
    ] as const)(`${title} gets %s with blksize %s and windowsize %s`, async (name, blksize, windowsize) => {
      await using served = await TftpServed.open(udp, { [name]: files[name] })
      await fetchAndCompare(served, client, name, { ...(blksize && { blksize }), ...(windowsize && { windowsize }) })
    })

    test.skipIf(!client.installed)(`${title} is told when there is no such file`, async () => {
      await using served = await TftpServed.open(udp, {})
      const { out } = served
      const [program, ...args] = client.command({ port: served.server.port, name: 'tomorrow', out })
      const said = await run(program, args).catch((error: { stderr: string; stdout: string }) => error)
      if (client.name !== 'curl') expect(said.stderr + said.stdout).toMatch(/there is no such file/)
      expect(served.server.counters.missing).toBe(1)
      expect(served.transfers).toMatchObject([{ name: 'tomorrow', outcome: 'missing' }])
    })
  }
})
