/**
 * The version that a kernel says of itself, like `6.12.48+deb13-amd64`. x86: the boot protocol's header points at it (Documentation/arch/x86/boot.rst,
 * `kernel_version`). Undefined for others: an arm64 Image is compressed or has it anywhere.
 */
export function kernelVersion(kernel: Uint8Array): string | undefined {
  const bytes = Buffer.from(kernel.buffer, kernel.byteOffset, kernel.byteLength)
  if (bytes.length < 0x250 || bytes.toString('latin1', 0x202, 0x206) !== 'HdrS') return undefined
  const at = bytes.readUInt16LE(0x20e) + 0x200
  const end = bytes.indexOf(0, at)
  if (at === 0x200 || at >= bytes.length || end < 0) return undefined
  return /^\d+\.\d+[^\s]*/.exec(bytes.toString('latin1', at, Math.min(end, at + 200)))?.[0]
}

/** How much of a kernel must be read for it: the pointer is 16 bits wide. */
export const kernelHead = 0x200 + 0x1_0000 + 256
