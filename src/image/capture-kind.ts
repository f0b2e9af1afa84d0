import { basename } from 'node:path'
import { Fault } from '../fault.ts'
import type { Listing } from './capture-source.ts'

/** What is no tar, by the bytes that its format puts at a fixed place. */
interface Kind {
  readonly what: string
  readonly at: number
  readonly bytes: string
  readonly way: 'mount' | 'convert' | 'unpack'
}

// file(1) knows these places by the same names; LUKS and LVM stand here since a disk of a machine may begin with them.
const kinds: readonly Kind[] = [
  { what: 'an ext2, ext3 or ext4 file system', at: 1080, bytes: '\x53\xef', way: 'mount' },
  { what: 'an XFS file system', at: 0, bytes: 'XFSB', way: 'mount' },
  { what: 'a Btrfs file system', at: 65600, bytes: '_BHRfS_M', way: 'mount' },
  { what: 'a squashfs file system', at: 0, bytes: 'hsqs', way: 'mount' },
  { what: 'an ISO image', at: 32769, bytes: 'CD001', way: 'mount' },
  { what: 'a disk with a GPT', at: 512, bytes: 'EFI PART', way: 'mount' },
  { what: 'a disk with an MBR', at: 510, bytes: '\x55\xaa', way: 'mount' },
  { what: 'a LUKS volume', at: 0, bytes: 'LUKS\xba\xbe', way: 'mount' },
  { what: 'an LVM volume', at: 512, bytes: 'LABELONE', way: 'mount' },
  { what: 'a qcow2 disk', at: 0, bytes: 'QFI\xfb', way: 'convert' },
  { what: 'a VMDK disk', at: 0, bytes: 'KDMV', way: 'convert' },
  { what: 'a VHDX disk', at: 0, bytes: 'vhdxfile', way: 'convert' },
  { what: 'a VHD disk', at: 0, bytes: 'conectix', way: 'convert' },
  { what: 'a VDI disk', at: 64, bytes: '\x7f\x10\xda\xbe', way: 'convert' },
  { what: 'a cpio archive', at: 0, bytes: '07070', way: 'unpack' },
  { what: 'a zip archive', at: 0, bytes: 'PK\x03\x04', way: 'unpack' },
  { what: 'an ar archive (a Debian package?)', at: 0, bytes: '!<arch>', way: 'unpack' },
  { what: 'an RPM package', at: 0, bytes: '\xed\xab\xee\xdb', way: 'unpack' },
  { what: 'a 7z archive', at: 0, bytes: '7z\xbc\xaf\x27\x1c', way: 'unpack' },
]

const ways: Readonly<Record<Kind['way'], string>> = {
  mount: 'mount it read-only (losetup -P, mount -o ro), and capture that directory',
  convert: 'attach it (qemu-nbd --read-only -c /dev/nbd0 FILE), mount its root read-only, and capture that directory',
  unpack: 'unpack it, and capture that directory',
}

/** So many bytes of the beginning tell every kind. */
export const kindBytes = 65608

/** Throws `capture-failed` when a file begins as something that is no tar, or holds nothing. `head`: its first `kindBytes` bytes, decompressed. */
export function refuseOtherKinds(head: Uint8Array, path: string): void {
  const name = basename(path)
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, kindBytes)).toString('latin1')
  if (text === '') throw refused(`${name} is empty`, 'name a tarball, a directory or a host')
  // A tar of a boot sector could have the bytes of an MBR; no other kind looks like a tar.
  if (text.startsWith('ustar', 257)) return
  const kind = kinds.find(({ at, bytes }) => text.startsWith(bytes, at))
  if (kind) throw refused(`${name} is ${kind.what}, no tar of a root file system`, ways[kind.way])
  if (!/[^\0]/.test(text))
    throw refused(`${name} begins with zeros: there is nothing in it`, 'name a tarball, a directory or a host')
}

/** Throws `capture-failed` when the tree is no root file system but an archive of images, or holds no file at all. */
export function refuseOtherTrees({ nodes, source }: Listing, name: string): void {
  const archive = archiveIn(nodes, source === '')
  if (archive !== undefined)
    throw refused(
      `${name} is ${archive.what}, no root file system`,
      `copy it in: skopeo copy ${archive.transport}:${name} docker://SERVER/NAME:TAG`,
    )
  for (const { type } of nodes.values()) if (type !== 'directory') return
  throw refused(
    `${name} holds no file`,
    'an image without a file installs nothing: name what holds the root file system',
  )
}

function archiveIn(
  nodes: Listing['nodes'],
  isFile: boolean,
): { readonly what: string; readonly transport: string } | undefined {
  if (nodes.has('etc') || nodes.has('usr') || nodes.has('bin')) return undefined
  if (nodes.has('oci-layout') && nodes.has('index.json'))
    return { what: 'an OCI layout (images, as podman save writes them)', transport: isFile ? 'oci-archive' : 'oci' }
  if (!nodes.has('manifest.json')) return undefined
  const isLayer = /^(?:[^/]+\/layer\.tar|[0-9a-f]{64}(?:\.tar|\.json)|blobs\/sha256)$/
  for (const path of nodes.keys())
    if (isLayer.test(path))
      return { what: 'an archive of images (docker save, podman save)', transport: 'docker-archive' }
  return undefined
}

function refused(message: string, hint: string): Fault {
  return new Fault('capture-failed', message, { hint })
}
