/** A read request by hand. */
export function rrq(name: string, mode = 'octet', options: readonly string[] = []): Buffer {
  return Buffer.from(`\0\x01${[name, mode, ...options].map((word) => `${word}\0`).join('')}`)
}
