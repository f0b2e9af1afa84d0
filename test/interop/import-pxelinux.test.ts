import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { openOld } from '../takeover/place.ts'
import { tftp } from '../takeover/pxelinux/files.ts'
import { openServed } from './served.ts'
import { clients } from './tftp-served.ts'

const run = promisify(execFile)

for (const client of clients.filter(({ name }) => name === 'tftp-hpa' || name === 'curl')) {
  const title = `${client.name}${client.installed ? '' : ' (skipped: not installed)'} gets the kernel, the initrd and the arguments that PXELINUX had in an imported TFTP root`
  test.skipIf(!client.installed)(title, { timeout: 60_000 }, async () => {
    using old = openOld(tftp)
    await using served = await openServed({})
    const imported = await served.birnam('import', 'pxelinux', old.at('tftp'), '--json')
    expect([imported.code, imported.err]).toEqual([0, ''])
    const checked = await served.birnam('check')
    expect(checked.out).toContain('0 errors')
    await served.start()
    const to = mkdtempSync(join(tmpdir(), 'birnam-fetched-'))
    const fetch = async (name: string): Promise<string> => {
      const out = join(to, 'file')
      rmSync(out, { force: true })
      const [program, ...words] = client.command({ port: served.tftp, name, out })
      await run(program, words)
      return readFileSync(out, 'utf8')
    }
    const menu = await fetch('pxelinux.cfg/01-52-54-00-77-00-02')
    const [, kernel = ''] = /^ {2}KERNEL (\S+)$/m.exec(menu) ?? []
    const [, initrd = '', args] = /^ {2}APPEND initrd=(\S+) (.+)$/m.exec(menu) ?? []
    expect([await fetch(kernel), await fetch(initrd)]).toEqual(['rescue kernel', 'rescue initrd'])
    // `ro=1` and the like guard pypxeboot; PXELINUX and the kernel take no notice.
    expect(args?.split(' ').filter((word) => word !== 'ro=1')).toEqual([
      'console=ttyS0,115200',
      'root=/dev/nfs',
      'ro',
      'ip=dhcp',
      'set={{x}}',
      'BOOTIF=01-52-54-00-77-00-02',
    ])
    // What installs waits for a permit.
    expect(await fetch('pxelinux.cfg/01-52-54-00-77-00-05')).toMatch(/DEFAULT local\n[^]*LOCALBOOT 0/)
    rmSync(to, { recursive: true })
  })
}
