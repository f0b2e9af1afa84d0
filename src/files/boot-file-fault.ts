import { closeSync, openSync, readSync } from 'node:fs'
import type { Content } from '../net/content.ts'
import type { House } from './house.ts'

type FileContent = Extract<Content, { kind: 'file' }>

/** What a profile or distro names as its kernel; everything else that a loader fetches behind its menu is an initrd. */
export function isKernel({ registry }: House, name: string): boolean {
  const { profiles, distros } = registry.site
  return [...profiles, ...distros].some((one) => 'kernel' in one && one.kernel === name)
}

/**
 * Why a file cannot be what it is served as, by its size and its first bytes: empty, a page of a web server, a placeholder of Git LFS, a bzImage
 * shorter than its own header says. Undefined for all that may be right.
 */
export function bootFileFault(name: string, { path, size }: FileContent, as: 'kernel' | 'initrd'): string | undefined {
  const noun = as === 'kernel' ? 'a kernel' : 'an initrd'
  if (size === 0) return `${name} is empty (0 bytes), not ${noun}`
  const head = headOf(path)
  const text = head.toString('latin1', 0, 200)
  if (/^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body|\?xml|title)/i.test(text))
    return `${name} is an HTML page, not ${noun}: a web server's error was saved in its place`
  if (text.startsWith('version https://git-lfs'))
    return `${name} is a placeholder of Git LFS, not ${noun}: git lfs pull`
  const whole = as === 'kernel' ? bzImageSize(head) : undefined
  return whole !== undefined && size < whole
    ? `${name} is cut short: it has ${size} bytes, and its own header says ${whole}`
    : undefined
}

const headBytes = 1024

function headOf(path: string): Buffer {
  const head = Buffer.alloc(headBytes)
  try {
    const file = openSync(path, 'r')
    try {
      return head.subarray(0, readSync(file, head, 0, headBytes, 0))
    } finally {
      closeSync(file)
    }
  } catch {
    // Whoever carries it tells that it cannot be read.
    return Buffer.alloc(0)
  }
}

/** The Linux/x86 boot protocol: `setup_sects` at 0x1f1, `syssize` in paragraphs at 0x1f4, of 32 bits since 2.04. */
function bzImageSize(head: Buffer): number | undefined {
  if (head.length < 0x208 || head.toString('latin1', 0x202, 0x206) !== 'HdrS') return undefined
  if (head.readUInt16LE(0x206) < 0x204) return undefined
  const sectors = head[0x1f1]! || 4
  return (sectors + 1) * 512 + head.readUInt32LE(0x1f4) * 16
}
