import type { CaptureProgress } from '../image/capture.ts'
import { printable } from '../image/tar-entry.ts'

/** One line that is written over, on a terminal only. */
export interface Line extends Disposable {
  write(text: () => string): void
}

/** At most ten times a second; `stream` is standard error, so that the result can be piped. */
export function openLine(stream: NodeJS.WriteStream, quiet: boolean | undefined): Line {
  let last = 0
  let shown = false
  const active = stream.isTTY && !quiet
  const put = (text: string): void => void stream.write(`\r${text.slice(0, (stream.columns ?? 80) - 1)}\u001B[K`)
  return {
    write: (text) => {
      const now = performance.now()
      if (!active || now - last < 100) return
      last = now
      shown = true
      put(text())
    },
    [Symbol.dispose]: () => {
      if (shown) put('')
    },
  }
}

const steps = { list: 'listing files', compare: 'comparing', pack: 'packing', keep: 'keeping' } as const

/** `packing 412 MB of 1.2 GB, 12031 of 40509 files, about 3 s left: usr/bin/perl` */
export function progressText(progress: CaptureProgress, since: number): string {
  const { step, bytes, ofBytes, files, ofFiles, path } = progress
  if (step !== 'pack' || ofFiles === 0) return steps[step]
  const left = timeLeft(ofBytes > 0 ? bytes / ofBytes : files / ofFiles, since)
  const name = printable(path, 60)
  return `${steps[step]} ${size(bytes)} of ${size(ofBytes)}, ${files} of ${ofFiles} files${left}: ${name}`
}

/** Empty while too little is known. */
export function timeLeft(share: number, since: number): string {
  if (share < 0.02 || since < 1000) return ''
  const seconds = Math.ceil((since * (1 - Math.min(1, share))) / share / 1000)
  return `, about ${seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`} left`
}

/** Decimal, as disks and networks count. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
