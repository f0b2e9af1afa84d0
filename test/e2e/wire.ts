import type { Lan } from '../lab/network.ts'

/** One read request as it was on the wire. */
export interface Request {
  /** Without the boot session that it begins with. */
  readonly name: string
  /** `blksize 1432 tsize 0`, in the client's order. */
  readonly options: string
}

/** Listens for TFTP read requests from now on; the returned function gives those so far. */
export async function watchRequests(lan: Lan): Promise<() => Request[]> {
  const dump = await lan.watch('udp', 'dst', 'port', '69')
  return () => {
    const found = [...dump.text.matchAll(/\.(\d+) > [\d.]+: TFTP.*RRQ "([^"]*)" octet ?(.*)$/gm)]
    // The same request from the same port is one that was repeated because its answer was late.
    const once = new Map(found.map(([, port, name, options]) => [`${port} ${name}`, readRequest(name!, options!)]))
    return [...once.values()]
  }
}

/** Listens for DHCP from now on; the returned function gives every packet as tcpdump prints it. */
export async function watchDhcp(lan: Lan): Promise<() => string[]> {
  const dump = await lan.watch('udp', 'port', '67')
  return () => dump.text.split(/^(?=\S)/m).filter((packet) => packet.includes('BOOTP/DHCP'))
}

/** Each name once, in the order of its first request: EDK2 asks for the size before it asks for the file. */
export function namesOf(requests: readonly Request[]): string[] {
  return [...new Set(requests.map(({ name }) => rootless(name)))]
}

/** A name without server, leading slash and boot session. */
export function rootless(name: string): string {
  return name.replace(/^http:\/\/[^/]+/, '').replace(/^\/?(s\/[0-9a-z-]+\/)?/, '')
}

function readRequest(name: string, options: string): Request {
  return { name: name.replace(/^(\/?)s\/[0-9a-z-]+\//, '$1'), options: options.trim() }
}
