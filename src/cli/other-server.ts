import { realpathSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Fault } from '../fault.ts'
import { listenersNamed } from '../net/unix-listeners.ts'
import { sendTo, socketOf } from './client.ts'
import type { Place } from './place.ts'

/** Another server of this host. */
interface Other {
  readonly data: string
  /** Undefined where this user may not ask it. */
  readonly site?: string
}

/**
 * For a command that changes something in a data directory without its server. Throws `not-running` when another server of this host may
 * be the one that is meant: nobody would ever read what is written here.
 */
export async function refuseOtherServer(place: Place): Promise<void> {
  for (const path of listenersNamed(basename(socketOf('')))) {
    const other = path === socketOf(place.data) ? undefined : await serverAt(path)
    if (other && mayBeMeant(place, other)) throw anotherIsMeant(place, other)
  }
}

/** The same, for commands that work on the data directory alone, whether its server runs or not: without a site of its own none is meant. */
export async function refuseWrongPlace(place: Place): Promise<void> {
  if (place.example || (await serverAt(socketOf(place.data)))) return
  await refuseOtherServer(place)
}

function mayBeMeant(place: Place, { site }: Other): boolean {
  return site === undefined || place.example || realPath(site) === realPath(place.site)
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** Milliseconds: a server that works answers at once. */
const patience = 2000

async function serverAt(path: string): Promise<Other | undefined> {
  const data = dirname(path)
  try {
    const { body } = await sendTo(path, patience)('GET', '/api/status')
    const { site } = JSON.parse(body) as { readonly site?: unknown }
    return typeof site === 'string' ? { data, site } : undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Anything else is no server, or one of another root directory, which is another host to whoever types here.
    return code === 'EACCES' || code === 'EPERM' ? { data } : undefined
  }
}

function anotherIsMeant({ data }: Place, other: Other): Fault {
  const whose = other.site === undefined ? 'of another user' : `of the site ${other.site}`
  const message = `no server runs with the data directory ${data}; the one ${whose} runs with ${other.data}`
  const hint =
    other.site === undefined
      ? 'run the command as the user of that server; or stop it first, if it is not meant'
      : `say --data ${other.data}; nothing was changed`
  return new Fault('not-running', message, { hint })
}
