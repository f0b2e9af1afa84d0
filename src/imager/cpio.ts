/** One entry of an initramfs: a file with bytes, a link with its target, a device node, or a directory. */
export interface Entry {
  /** Without a leading slash. */
  readonly name: string
  /** Type and permissions, as in `st_mode`. */
  readonly mode: number
  readonly bytes?: Uint8Array
  /** Major and minor number. */
  readonly device?: readonly [number, number]
}

export const modes = { directory: 0o040755, file: 0o100644, program: 0o100755, link: 0o120777 } as const

/** The entries as a cpio archive in the "newc" format that the kernel unpacks (its buffer-format.rst). No times: equal entries give equal bytes. */
export function cpio(entries: readonly Entry[]): Buffer {
  const all = [...entries, { name: 'TRAILER!!!', mode: 0 }]
  return Buffer.concat(all.flatMap((entry, index) => encode(entry, index + 1)))
}

function encode({ name, mode, bytes = new Uint8Array(), device = [0, 0] }: Entry, inode: number): Buffer[] {
  const fields = [inode, mode, 0, 0, 1, 0, bytes.length, 0, 0, ...device, Buffer.byteLength(name) + 1, 0]
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`)
  return [pad(header), pad(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))]
}

function pad(bytes: Buffer): Buffer {
  const rest = -bytes.length & 3
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(rest)])
}
