import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { fewVars, installs, renderFor, scriptsIn } from '../answer/shipped.ts'
import { Child } from '../lab/child.ts'
import { labTest } from '../lab/needs.ts'
import { openPlace } from '../lab/place.ts'

labTest(
  "the early script of the Debian template ends in the installer's shell, and its watch holds no pipe of the installer",
  ['busybox', 'root'],
  async () => {
    await using place = await openPlace()
    const [early] = scriptsIn(renderFor(installs[5], fewVars))
    const busybox = join(place.path, 'bin/busybox')
    for (const name of ['bin', 'tmp', 'dev', 'var/log']) await mkdir(join(place.path, name), { recursive: true })
    await copyFile('/bin/busybox', busybox)
    await chmod(busybox, 0o755)
    await writeFile(join(place.path, 'dev/null'), '')
    await writeFile(join(place.path, 'var/log/syslog'), '')
    await writeFile(join(place.path, 'tmp/early'), early!)
    // The pipe is debconf's: it goes on when nobody holds it any more. The watch ends with its namespace.
    const inside = 'chroot "$0" /bin/busybox --install -s /bin; chroot "$0" /bin/sh /tmp/early | cat; echo goes on'
    const words = ['unshare', '--net', '--pid', '--fork', '--kill-child', 'sh', '-c', inside, place.path]
    await using installer = new Child(words, { env: { PATH: '/bin:/sbin:/usr/bin:/usr/sbin' } })
    await installer.sees(/^goes on$/m, 60)
    expect(await installer.ended).toBe(0)
  },
)
