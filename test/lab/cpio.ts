/** One entry of an initramfs: a file with bytes, a device node, or a directory. */
export interface Entry {
  readonly name: string
  readonly mode: number
  readonly bytes?: Uint8Array
  /** Major and minor number. */
  readonly device?: readonly [number, number]
}

/** The entries as a cpio archive in the "newc" format that the kernel unpacks (its buffer-format.rst). */
export function cpio(entries: readonly Entry[]): Buffer {
  const all = [...entries, { name: 'TRAILER!!!', mode: 0 }]
  return Buffer.concat(all.flatMap((entry, index) => encode(entry, index + 1)))
}

function encode({ name, mode, bytes = new Uint8Array(), device = [0, 0] }: Entry, inode: number): Buffer[] {
  const fields = [inode, mode, 0, 0, 1, 0, bytes.length, 0, 0, ...device, name.length + 1, 0]
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`)
  return [pad(header), pad(Buffer.from(bytes))]
}

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
}
