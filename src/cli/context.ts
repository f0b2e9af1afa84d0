import type { Command } from 'commander'
import { Fault } from '../fault.ts'
import { apiClient, sendTo, socketOf, type ApiClient, type Send } from './client.ts'
import { refuseOtherServer } from './other-server.ts'
import { placeOf, type Place } from './place.ts'

export interface GlobalOptions {
  readonly site?: string
  readonly data?: string
  readonly json?: boolean
}

export function globals(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>()
}

export function placeHere(command: Command): Place {
  return placeOf(globals(command), process.env, process.cwd())
}

/** Runs a command against the running server, or, when none runs, against the site and the data directory themselves. */
export async function withApi<T>(command: Command, work: (api: ApiClient) => Promise<T>): Promise<T> {
  const place = placeHere(command)
  try {
    const remote = sendTo(socketOf(place.data))
    if (await answers(remote, place)) return await work(apiClient(remote, true))
    // With a server there, nothing of the site is needed here.
    const { openOffice } = await import('../app/office.ts')
    await using office = await openOffice(place)
    return await work(apiClient(alone(office.send, place), false))
  } catch (error) {
    throw place.example ? inTheExample(error) : error
  }
}

/** Without a server: what is only read is read here; what is changed must not be meant for another one. */
function alone(send: Send, place: Place): Send {
  return async (method, path, body) => {
    if (method !== 'GET') await refuseOtherServer(place)
    return await send(method, path, body)
  }
}

/** For people who expect that something happens now. */
export function tellStored(command: Command, { running }: ApiClient): void {
  if (running) return
  const { data } = placeHere(command)
  console.error(
    `birnam: no server runs with ${data}: this is stored there, and counts once one is started with that --data`,
  )
}

/** Only a server that is certainly not there is passed by. */
async function answers(send: ReturnType<typeof sendTo>, { data }: Place): Promise<boolean> {
  try {
    await send('GET', '/api/status')
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EACCES' && code !== 'EPERM') return rethrowFault(error)
    throw new Fault('not-permitted', `the data directory ${data} belongs to another user`, {
      hint: 'run the command as that user or as root, or name another with --data DIR',
      cause: error,
    })
  }
}

function rethrowFault(error: unknown): false {
  if (error instanceof Fault) throw error
  return false
}

/** Whoever forgot --site looks for his machine in vain. */
function inTheExample(error: unknown): unknown {
  if (!(error instanceof Fault) || error.code !== 'machine-unknown') return error
  const { hint, ...detail } = error.detail
  return new Fault(error.code, `${error.message} in the example site`, {
    ...detail,
    hint: `name your own site with --site DIR or BIRNAM_SITE; ${hint}`,
  })
}

/** For options that may be given several times. */
export function several(value: string, before: readonly string[]): string[] {
  return [...before, value]
}
