import { copyFile, mkdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { advertise } from './advertise.ts'
import type { Child } from './child.ts'
import { diskImage } from './disk.ts'
import { openGuest } from './guest.ts'
import { switchOn } from './machine.ts'
import { labTest } from './needs.ts'
import { openLan, type Lan } from './network.ts'
import { openPlace, type Place } from './place.ts'

labTest(
  'a client reaches the server of its LAN, and loss is felt by the receiver only',
  ['lan', 'busybox'],
  async () => {
    await using lan = await openLan()
    const client = await lan.client('52:54:00:77:00:aa')
    await client.run('ip address add 10.77.0.50/24 dev eth0')
    expect(await client.run('busybox ping -c 1 -W 5 10.77.0.1')).toContain('1 packets received')
    expect(await client.run('ip -br link')).toContain('52:54:00:77:00:aa')
    await lan.lose(99)
    expect(await client.run(['sh', '-c', 'echo lost | busybox nc -u -w 1 10.77.0.1 9; true'])).not.toContain(
      'not permitted',
    )
  },
)

labTest('a LAN is gone when its test is over', ['lan'], async () => {
  let namespace = 0
  {
    await using lan = await openLan()
    namespace = lan.server.pid
  }
  expect(() => process.kill(namespace, 0)).toThrow('ESRCH')
})

labTest('a machine boots the guest by its ROM and PXELINUX', ['lan', 'machine', 'pxelinux', 'dnsmasq'], async () => {
  await using lan = await openLan()
  await using root = await tftpRoot()
  lan.keep(dnsmasq(lan, root.path))
  await advertise(lan)
  await using machine = await switchOn(lan, { mac: '52:54:00:77:00:01' })
  await machine.sees(/LAB-LEASE ip=10\.77\.0\.1\d\d/)
  await machine.sees(/LAB-DONE/)
  await machine.ends()
})

for (const firmware of ['bios', 'uefi'] as const) {
  labTest(`the disk image of the lab boots by itself on ${firmware}`, ['lan', 'machine', 'disk', 'ovmf'], async () => {
    await using lan = await openLan()
    await using root = await openPlace()
    const disk = join(root.path, 'disk.img')
    await writeFile(disk, gunzipSync(await diskImage()))
    await truncate(disk, 64 * 1024 * 1024)
    await using machine = await switchOn(lan, { mac: '52:54:00:77:00:01', firmware, disk, first: 'disk' })
    await machine.sees(/LAB-DISK-BOOT/)
    await machine.ends()
  })
}

async function tftpRoot(): Promise<Place> {
  const place = await openPlace()
  const guest = await openGuest()
  await writeFile(join(place.path, 'vmlinuz'), guest.vmlinuz)
  await writeFile(join(place.path, 'initrd.gz'), guest.initrd)
  await mkdir(join(place.path, 'pxelinux.cfg'))
  const menu = 'DEFAULT lab\nLABEL lab\nKERNEL vmlinuz\nAPPEND initrd=initrd.gz console=ttyS0,115200\n'
  await writeFile(join(place.path, 'pxelinux.cfg/default'), menu)
  await copyFile('/usr/lib/PXELINUX/pxelinux.0', join(place.path, 'pxelinux.0'))
  await copyFile('/usr/lib/syslinux/modules/bios/ldlinux.c32', join(place.path, 'ldlinux.c32'))
  return place
}

function dnsmasq(lan: Lan, root: string): Child {
  const dhcp = ['--dhcp-range=10.77.0.100,10.77.0.120', '--dhcp-boot=pxelinux.0', '--dhcp-leasefile=/dev/null']
  const tftp = ['--enable-tftp', `--tftp-root=${root}`]
  const plain = ['--no-daemon', '--conf-file=/dev/null', '--port=0', '--user=root', `--interface=${lan.interface}`]
  return lan.server.start(['dnsmasq', ...plain, ...dhcp, ...tftp])
}
