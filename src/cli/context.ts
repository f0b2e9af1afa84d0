import type { Command } from 'commander'
import { openOffice } from '../app/office.ts'
import { apiClient, sendTo, socketOf, type ApiClient } from './client.ts'
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
  const remote = sendTo(socketOf(place.data))
  if (await answers(remote)) return work(apiClient(remote, true))
  await using office = await openOffice(place)
  return await work(apiClient(office.send, false))
}

async function answers(send: ReturnType<typeof sendTo>): Promise<boolean> {
  try {
    return (await send('GET', '/api/status')).status === 200
  } catch {
    return false
  }
}
