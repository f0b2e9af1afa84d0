import { execa } from 'execa'
import { existsSync } from 'node:fs'
import { Fault } from '../fault.ts'

const program = '/usr/bin/uftp'

export interface MulticastOptions {
  readonly group: string
  readonly port: number
  /** Mbit/s: a multicast that is faster than the slowest switch loses more than it sends. */
  readonly rate: number
}

export interface Sending extends MulticastOptions {
  /** Of this host, in the network of the receivers. */
  readonly from: string
  readonly files: readonly string[]
  readonly uids: readonly number[]
  readonly signal: AbortSignal
}

export function canMulticast(): boolean {
  return existsSync(program)
}

/**
 * Sends files to a closed group by UFTP, whose receivers ask again for what they miss, and begins when all of it have answered. What a receiver got
 * is for it to prove. Throws `multicast-failed`.
 */
export async function sendByUftp({ group, port, rate, from, files, uids, signal }: Sending): Promise<void> {
  const members = uids.map((uid) => `0x${uid.toString(16).padStart(8, '0').toUpperCase()}`).join(',')
  const words = ['-M', group, '-P', group, '-p', port, '-I', from, '-R', rate * 1000, '-B', 8 << 20, '-H', members]
  const result = await execa(program, [...words.map(String), ...files], {
    reject: false,
    all: true,
    cancelSignal: signal,
    maxBuffer: 1 << 20,
    forceKillAfterDelay: 2000,
  })
  // 0 as soon as one receiver has one file; whoever has not pulls what it lacks.
  if (result.exitCode === 0) return
  const why = (result.all ?? '').trim().split('\n').at(-1) ?? ''
  throw new Fault('multicast-failed', `uftp ended with ${result.exitCode ?? result.signal ?? 'nothing'}: ${why}`)
}
