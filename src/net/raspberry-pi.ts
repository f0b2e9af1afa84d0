import type { Mac } from './mac.ts'

/** What IEEE has registered for Raspberry Pi (Foundation, Trading, Ltd). */
const prefixes: readonly string[] = ['28:cd:c1', '2c:cf:67', '88:a2:9e', 'b8:27:eb', 'd8:3a:dd', 'dc:a6:32', 'e4:5f:01']

/** Its boot ROM speaks PXE and says it is a BIOS; only its card tells what it is. */
export function isRaspberryPi(mac: Mac): boolean {
  return prefixes.includes(mac.slice(0, 8))
}
