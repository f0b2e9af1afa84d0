import { copyFile, cp } from 'node:fs/promises'
import { join } from 'node:path'
import { openMirror } from '../lab/mirror.ts'
import { duncan } from '../lab/site.ts'
import { openStage, type Stage } from './stage.ts'

export const installerNeeds = ['lan', 'machine', 'debian', 'curl', 'cpio', 'xz'] as const

/** Duncan is to become a server by Debian's own installer and the preseed that Birnam ships, from a mirror among the site's files. */
export async function openInstallerStage(vars: object = {}): Promise<Stage> {
  const mirror = await openMirror()
  const console = 'console=ttyS0,115200'
  return openStage(
    {
      server: { loader: 'pxelinux' },
      fleet: {
        machines: [{ ...duncan, profile: 'server' }],
        distros: [
          {
            name: 'debian-13',
            family: 'debian',
            version: '13',
            kernel: 'boot/debian-13/linux',
            initrd: ['boot/debian-13/initrd.gz'],
            tree: 'http://10.77.0.1/debian',
          },
        ],
        profiles: [
          {
            name: 'server',
            kind: 'install',
            distro: 'debian-13',
            answer: 'kickstart/debian/server.cfg.hbs',
            args: `DEBIAN_FRONTEND=text ${console}`,
            vars: {
              users: [
                { name: 'macbeth', ssh_keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJpcm5hbQ macbeth@inverness'] },
              ],
              layout: 'plain',
              unsigned_mirror: true,
              // There is no other network than this one.
              apt_services: 'none',
              ntp: ['10.77.0.1'],
              kernel_args: [console],
              ...vars,
            },
          },
        ],
      },
      files: { 'boot/debian-13/note': 'from the netboot package' },
    },
    async ({ directory }) => {
      await cp(mirror.directory, join(directory, 'files/debian'), { recursive: true })
      await copyFile(mirror.kernel, join(directory, 'boot/debian-13/linux'))
      await copyFile(mirror.initrd, join(directory, 'boot/debian-13/initrd.gz'))
    },
  )
}
