import { progressText, spanText, type Facts, type Fetching } from './facts.ts'
import type { Step } from './steps.ts'

/** A boot that may yet come to its end. */
export interface Going {
  readonly kind: 'fetching' | 'waiting'
  readonly text: string
}

/** Milliseconds that a client may be busy with what it has. */
const quiet = 3000

/** What the boot is about: a file on its way, or a moment's silence before the next step. Undefined when it has been silent for too long. */
export function goingOn({ step, patience }: Step, { events, underway, now }: Facts): Going | undefined {
  const [file] = underway.toSorted((one, other) => (one.silent ?? 0) - (other.silent ?? 0))
  if (file) return { kind: 'fetching', text: fetchingText(file) }
  const last = events.at(-1)
  const silent = last ? now - last.at : Infinity
  if (!last || !(silent < patience)) return undefined
  return { kind: 'waiting', text: `It is under way: ${last.type} was ${spanText(silent)} ago, next comes ${step}` }
}

function fetchingText({ name, bytes, size, milliseconds, silent = 0, answered }: Fetching): string {
  const far = `${progressText(bytes, size)}, for ${spanText(milliseconds)}`
  if (silent < quiet) return `It is fetching ${name}: ${far}`
  if (bytes === 0)
    return `It has asked for ${name} and acknowledged ${answered ? 'no byte of it' : 'nothing'} for ${spanText(silent)}`
  return `It is fetching ${name}: ${far}, and has been silent for ${spanText(silent)}`
}
