import type { StoredEvent } from '../../../journal/journal.ts'
import { nameOf, numberOf, progressText, sizeText, textOf, wasSent, whyOf, type Facts } from '../facts.ts'

/** The last file that did not get through, and how far it came. One that went out in the end is none. */
export function brokenOff({ events }: Facts): string | undefined {
  const sent = new Set(events.filter(wasSent).map(nameOf))
  const broken = events.findLast((event) => sentences[event.type] !== undefined && !sent.has(nameOf(event)))
  return broken && sentences[broken.type]!(broken)
}

const sentences: Readonly<Partial<Record<string, (event: StoredEvent) => string>>> = {
  'file.refused': (event) => `${nameOf(event)} was refused${why(event)}`,
  'file.failed': (event) => `this server could not read ${nameOf(event)}${why(event)}`,
  'file.timeout': silentText,
  'file.aborted': abortedText,
}

function why(event: StoredEvent): string {
  const said = textOf(event, 'why')
  return said === undefined ? '' : `: ${said}`
}

function silentText(event: StoredEvent): string {
  const [name, bytes = 0, size, blksize] = [
    nameOf(event),
    numberOf(event, 'bytes'),
    numberOf(event, 'size'),
    numberOf(event, 'blksize'),
  ]
  if (textOf(event, 'why')?.startsWith('all was sent'))
    return `all of ${name} was sent, and the machine fell silent before it acknowledged the last packet`
  if (bytes === 0 && event.detail?.['answered'] === true)
    return `the machine asked for ${name}, took the terms and acknowledged no byte: packets of ${thousands(blksize)} bytes do not fit the path (MTU), or a firewall between drops them`
  if (bytes === 0 && event.detail?.['answered'] === false)
    return `the machine asked for ${name} and acknowledged nothing: a firewall between drops all but the first packet of TFTP, whose answers come from another port than 69`
  const far = size === undefined ? `in the middle of ${name}` : `after ${progressText(bytes, size)} of ${name}`
  return `the machine fell silent ${far}: it died, was switched off, or lost its link`
}

function thousands(blksize: number | undefined): string {
  return blksize === undefined ? 'that size' : blksize.toLocaleString('en')
}

function abortedText(event: StoredEvent): string {
  const [name, bytes = 0, size, said] = [
    nameOf(event),
    numberOf(event, 'bytes'),
    numberOf(event, 'size'),
    textOf(event, 'why'),
  ]
  const whole = size === undefined ? '' : ` (${sizeText(size)})`
  const far = bytes === 0 ? `${name}${whole} before its end` : `${name} after ${progressText(bytes, size)}`
  if (said === undefined) return `the machine broke off ${far}`
  const error = /^the client said ERROR (\d+)(?:: (.*))?$/s.exec(said)
  if (!error) return `${name} ended after ${progressText(bytes, size)}: ${whyOf(event)}`
  return `the machine broke off ${far}; it said: ${error[2] ?? `TFTP ERROR ${error[1]}`}`
}
