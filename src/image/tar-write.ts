import type { TarEntry } from './tar-entry.ts'
import { block } from './tar-header.ts'
import { writePax } from './tar-pax.ts'

/** What Birnam writes itself: directories, files (empty ones are whiteouts), symlinks. */
export type OwnEntry = Pick<TarEntry, 'path' | 'type'> &
  Partial<Pick<TarEntry, 'mode' | 'uid' | 'gid' | 'mtime' | 'nsec' | 'target' | 'size'>>

/** A header (with a PAX header before it where ustar cannot say it) of an entry; a file's `size` bytes and their padding follow it. */
export function writeEntry(entry: OwnEntry): Uint8Array {
  const name = entry.path === '' ? './' : entry.type === 'directory' ? `${entry.path}/` : entry.path
  const records: [string, string][] = []
  if (name.length > 100) records.push(['path', name])
  if ((entry.target ?? '').length > 100) records.push(['linkpath', entry.target!])
  // 8 GiB is what eleven octal digits hold.
  if ((entry.size ?? 0) > 0o77777777777) records.push(['size', String(entry.size)])
  for (const key of ['uid', 'gid'] as const) if ((entry[key] ?? 0) > 0o7777777) records.push([key, String(entry[key])])
  if (entry.nsec || (entry.mtime ?? 0) < 0) records.push(['mtime', timeOf(entry.mtime ?? 0, entry.nsec ?? 0)])
  const main = header({ ...entry, path: name.slice(0, 100) }, flags[entry.type], entry.size ?? 0)
  if (records.length === 0) return main
  const text = Buffer.from(writePax(records), 'latin1')
  const body = Buffer.alloc(Math.ceil(text.length / block) * block)
  text.copy(body)
  return Buffer.concat([header({ path: 'PaxHeaders/own', type: 'file' }, 'x', text.length), body, main])
}

/** Rounded down seconds, as a decimal number: half a second before 1970 is -1 and 500 000 000, which is -0.5. */
function timeOf(seconds: number, nsec: number): string {
  if (seconds >= 0 || nsec === 0) return `${seconds}.${String(nsec).padStart(9, '0')}`
  return `-${-seconds - 1}.${String(1_000_000_000 - nsec).padStart(9, '0')}`
}

/** Two zero blocks. */
export function writeEnd(): Uint8Array {
  return Buffer.alloc(2 * block)
}

const flags = { file: '0', link: '1', symlink: '2', char: '3', block: '4', directory: '5', fifo: '6' } as const

function header(entry: OwnEntry, flag: string, size: number): Buffer {
  const bytes = Buffer.alloc(block)
  const octal = (value: number, at: number, length: number): number =>
    bytes.write(
      Math.max(0, value)
        .toString(8)
        .slice(-(length - 1))
        .padStart(length - 1, '0'),
      at,
      'latin1',
    )
  bytes.write(entry.path, 0, 100, 'latin1')
  octal(entry.mode ?? (entry.type === 'directory' ? 0o755 : 0o644), 100, 8)
  octal((entry.uid ?? 0) & 0o7777777, 108, 8)
  octal((entry.gid ?? 0) & 0o7777777, 116, 8)
  octal(size, 124, 12)
  octal(entry.mtime ?? 0, 136, 12)
  bytes.write(flag, 156, 'latin1')
  bytes.write((entry.target ?? '').slice(0, 100), 157, 100, 'latin1')
  bytes.write('ustar\x0000', 257, 'latin1')
  bytes.write('        ', 148, 'latin1')
  bytes.write(`${sum(bytes).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return bytes
}

function sum(bytes: Buffer): number {
  return bytes.reduce((total, byte) => total + byte, 0)
}
