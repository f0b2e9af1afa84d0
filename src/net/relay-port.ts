/**
 * Where a client hangs, as its relay or its switch says (option 82, RFC 3046): the port it came in on, and the device that says so.
 * Bytes of any kind, so each is lower-case hex.
 */
export interface RelayPort {
  readonly circuit?: string
  readonly remote?: string
}

/** One text for each port: `circuit 4769312f302f3137 remote 0006…`. */
export function relayKey({ circuit, remote }: RelayPort): string {
  return [circuit && `circuit ${circuit}`, remote && `remote ${remote}`].filter(Boolean).join(' ')
}

/** The id as a person writes it: text, or `0x` and hex. Undefined when it is neither, empty, or longer than option 82 can hold. */
export function readAgentId(text: string): string | undefined {
  const hex = /^0x(?:[0-9a-f]{2})+$/i.test(text) ? text.slice(2).toLowerCase() : undefined
  if (hex === undefined && !/^(?!0x)[ -~]+$/i.test(text)) return undefined
  const id = hex ?? Buffer.from(text).toString('hex')
  return id.length <= 2 * 253 ? id : undefined
}

/** As text where it is readable, else as `0x` and hex: what `readAgentId` reads back. */
export function formatAgentId(hex: string): string {
  const text = Buffer.from(hex, 'hex').toString('latin1')
  return /^(?!0x)[!-~](?:[ -~]*[!-~])?$/i.test(text) ? text : `0x${hex}`
}
