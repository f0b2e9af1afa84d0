/** What both sides agreed on. */
export interface Terms {
  /** Bytes in a full block. */
  readonly blksize: number
  /** Blocks between two ACKs. */
  readonly windowsize: number
  /** The client's own wish for the time before a resend, in milliseconds (RFC 2349). */
  readonly timeout?: number
  /** The options to acknowledge; empty means no OACK at all. */
  readonly acknowledged: readonly (readonly [string, string])[]
}

/** What this server agrees to at most. */
export interface Policy {
  readonly blksize: number
  readonly windowsize: number
}

/**
 * RFC 2347: only options that were asked for are acknowledged, and a value that makes no sense is as if it had not been asked.
 * `size` is undefined where it is not known (netascii changes it).
 */
export function negotiate(options: ReadonlyMap<string, string>, size: number | undefined, policy: Policy): Terms {
  const acknowledged: [string, string][] = []
  let terms: Omit<Terms, 'acknowledged'> = { blksize: 512, windowsize: 1 }
  for (const [name, text] of options) {
    const value = wholeNumber(text)
    if (value === undefined) continue
    const agreed = agree(name, value, size, policy)
    if (!agreed) continue
    terms = { ...terms, ...agreed.terms }
    acknowledged.push([name, String(agreed.value)])
  }
  return { ...terms, acknowledged }
}

type Agreed = { readonly value: number; readonly terms?: Partial<Terms> }

function agree(name: string, value: number, size: number | undefined, policy: Policy): Agreed | undefined {
  switch (name) {
    case 'blksize': {
      // RFC 2348: 8 to 65464; the answer may be smaller than the wish, never larger.
      if (value < 8 || value > 65464) return undefined
      const blksize = Math.min(value, policy.blksize)
      return { value: blksize, terms: { blksize } }
    }
    case 'windowsize': {
      // RFC 7440: 1 to 65535.
      if (value < 1 || value > 65535) return undefined
      const windowsize = Math.min(value, policy.windowsize)
      return { value: windowsize, terms: { windowsize } }
    }
    case 'timeout':
      // RFC 2349: 1 to 255 seconds, acknowledged as it is.
      return value < 1 || value > 255 ? undefined : { value, terms: { timeout: value * 1000 } }
    case 'tsize':
      return size === undefined ? undefined : { value: size }
    default:
      return undefined
  }
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined
}
