import { formatIpv4, readIpv4 } from './ipv4.ts'

const texts = new Map<number, string>()
const numbers = new Map<string, number>()
const remembered = 20_000

/** Dotted text of an unsigned number; the same few clients ask again and again. */
export function addressText(value: number): string {
  const known = texts.get(value)
  if (known !== undefined) return known
  const text = formatIpv4(value)
  if (texts.size >= remembered) texts.clear()
  texts.set(value, text)
  return text
}

/** The unsigned number of dotted text; undefined for anything else. */
export function addressNumber(text: string): number | undefined {
  const known = numbers.get(text)
  if (known !== undefined) return known
  const value = readIpv4(text)
  if (value === undefined) return undefined
  if (numbers.size >= remembered) numbers.clear()
  numbers.set(text, value)
  return value
}

/** Address and port as one number below 2^48. */
export function endpointKey(address: number, port: number): number {
  return address * 65_536 + port
}
