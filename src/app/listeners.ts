import { Fault } from '../fault.ts'

/** One door: open, or shut with the reason. */
export interface Listener {
  readonly name: string
  readonly state: 'listening' | 'off'
  readonly where?: string
  readonly why?: string
  readonly hint?: string
}

export interface Opened<T> {
  readonly listener: Listener
  readonly door?: T
}

/** Opens a door; one that the system refuses is shut with its reason, and the others still open. */
export async function tryOpen<T>(name: string, where: string, open: () => Promise<T>): Promise<Opened<T>> {
  try {
    return { door: await open(), listener: { name, state: 'listening', where } }
  } catch (error) {
    return { listener: listenerOf(name, where, error) }
  }
}

/** A door that the system refused, with its reason and what to do. */
function listenerOf(name: string, where: string, error: unknown): Listener {
  return { name, state: 'off', ...reasonOf(name, error, where) }
}

/** A door on several interfaces: open as long as one of them is; undefined when none is named. `how` is told behind their names. */
export function interfaceListener(
  name: string,
  { interfaces, missing }: { readonly interfaces: readonly string[]; readonly missing: ReadonlyMap<string, Error> },
  how = '',
): Listener | undefined {
  const failed = [...missing].map(([link, error]) => listenerOf(name, link, error))
  if (interfaces.length === 0) return failed[0]
  const but = failed.map(({ why }) => `; ${why}, tried again every 5 s`).join('')
  return { name, state: 'listening', where: `${interfaces.join(', ')}${how}${but}` }
}

export function shut(name: string, why: string, hint: string): Listener {
  return { name, state: 'off', why, hint }
}

function reasonOf(name: string, error: unknown, where: string): { why: string; hint: string } {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  // RFC 2131 §4.1, RFC 9915 §7.2: clients ask at one port alone.
  const isDhcp = /dhcp/i.test(name)
  if (error instanceof Fault) return { why: error.message, hint: error.detail.hint ?? '' }
  if (code === 'EACCES' || code === 'EPERM') {
    return {
      why: `no permission for ${where}`,
      hint: isDhcp
        ? 'run as root, or grant CAP_NET_BIND_SERVICE and CAP_NET_RAW'
        : 'run as root, or grant CAP_NET_BIND_SERVICE, or choose a port above 1023',
    }
  }
  if (code === 'EADDRINUSE')
    return {
      why: `another program listens on ${where}`,
      hint: isDhcp
        ? 'stop it (ss -ulnp shows it), or set mode: off: DHCP has no other port'
        : 'stop it (ss -ulnp, ss -tlnp), or choose another port',
    }
  if (code === 'EADDRNOTAVAIL')
    return {
      why: `this machine has no such address (${where})`,
      hint: 'give the interface its address, or mend address: in birnam.yaml',
    }
  if (code === 'ENODEV')
    return {
      why: `there is no such interface (${where})`,
      hint: 'ip link shows the names; mend dhcp.interfaces in birnam.yaml',
    }
  return { why: `${where}: ${(error as Error).message}`, hint: '' }
}
