import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asRom, readLikePypxeboot, tftpGet, udhcpc } from '../e2e/client.ts'
import type { Stage } from '../e2e/stage.ts'
import { run, type Child } from '../lab/child.ts'
import type { Namespace } from '../lab/network.ts'
import type { LabSite } from '../lab/site.ts'

/**
 * The imager without a machine: its own initramfs is unpacked, and the script that the server gives runs in it, in a namespace with the
 * machine's card. Only the parts that write disks are replaced, as a site may replace them.
 */
export const parts = {
  'templates/imager/_disks.sh.hbs':
    'check_disks() { :; }\nwrite_disks() { mkdir -p "$root"; mount -o bind "$root" "$root"; }\ndisks_fstab() { :; }\n',
  'templates/imager/_identity.sh.hbs': 'give_identity() { :; }\n',
  'templates/imager/_bootloader.sh.hbs': 'install_bootloader() { :; }\n',
  'templates/imager/_finish.sh.hbs': 'finish() { tell kind=done; say "all done"; }\n',
}

/** The imager of that site, as a directory that its script can run in. */
export async function unpackImager({ data }: LabSite, root: string): Promise<void> {
  await mkdir(root)
  const unpack = 'cd "$0" && zstd -dc "$1" | busybox cpio -idm 2>/dev/null'
  await run(['sh', '-c', unpack, root, join(data, 'imager/initrd.img')])
}

/** Boots to the menu, fetches the script and runs it in there. */
export async function startScript(stage: Stage, client: Namespace, root: string): Promise<Child> {
  const url = await scriptUrl(stage, client)
  return client.start(['unshare', '--mount', 'sh', '-c', inside, root, url])
}

async function scriptUrl({ site, lan }: Stage, client: Namespace): Promise<string> {
  const { boot_file: file } = await udhcpc(client, site, ...asRom)
  const menu = (await tftpGet(client, site, file!.replace(/[^/]*$/, 'pxelinux.cfg/default'), lan.address)).toString()
  return readLikePypxeboot(menu).append['birnam.script']!
}

// As init does it, but without this host's disks: no sysfs that tells of them, and a /dev in which no node of one would work.
const inside = `
cd "$0"
mkdir -p proc sys run tmp
mount -t proc proc proc && mount -t tmpfs run run && mkdir -p run/imager && mount -t tmpfs -o nodev dev dev
for node in null zero urandom; do : >dev/$node; mount --bind /dev/$node dev/$node; done
: >run/imager/log
export PATH=/bin:/sbin SCRIPT_URL="$1" REPORT_URL="\${1%/i/*}/r/\${1##*/i/}" OPENSSL_CONF=/dev/null
curl -sSf -o run/imager/script.sh "$SCRIPT_URL" || exit 1
chroot . /bin/busybox --install -s /bin 2>/dev/null
exec chroot . /bin/sh -c 'sh /run/imager/script.sh 2>&1 | tee -a /run/imager/log'
`
