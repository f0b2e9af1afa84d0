import { extname } from 'node:path'

/**
 * UEFI HTTP boot (EDK2) trusts the type before the suffix, so `.efi` must not become text. HTML, SVG and scripts are left out on purpose:
 * a site's file must not run in the operator's browser under the origin of the API.
 */
const types: Readonly<Record<string, string>> = {
  '.efi': 'application/efi',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.cfg': 'text/plain; charset=utf-8',
  '.ipxe': 'text/plain; charset=utf-8',
  '.ks': 'text/plain; charset=utf-8',
  '.yaml': 'text/plain; charset=utf-8',
  '.yml': 'text/plain; charset=utf-8',
}

export function typeOf(name: string): string {
  return types[extname(name).toLowerCase()] ?? 'application/octet-stream'
}
