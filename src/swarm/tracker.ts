import { readIpv4 } from '../net/ipv4.ts'
import { bencode } from './bencode.ts'

/** A client of a swarm says where it can be reached, and how much it still lacks. */
export interface Announce {
  readonly peer: string
  readonly address: string
  readonly port: number
  readonly left: number
  readonly isStopped: boolean
}

interface Member {
  readonly address: string
  readonly port: number
  readonly left: number
  heardAt: number
}

/** Seconds between two announces. */
const interval = 15
const patience = 3 * interval * 1000
const mostTold = 50
const mostMembers = 20_000

/** BEP 3's tracker, in memory: who has or wants a torrent. Who may ask is for the caller to know. */
export class Tracker {
  readonly #swarms = new Map<string, Map<string, Member>>()

  /** The answer for one client, bencoded, with the peers in the compact form of BEP 23. `now` in milliseconds. */
  announce(hash: string, { peer, isStopped, ...rest }: Announce, now: number): Buffer {
    const swarm = this.#swarms.get(hash) ?? new Map<string, Member>()
    this.#swarms.set(hash, swarm)
    forget(swarm, now)
    if (isStopped || swarm.size >= mostMembers) swarm.delete(peer)
    else swarm.set(peer, { ...rest, heardAt: now })
    const others = [...swarm].flatMap(([key, member]) => (key === peer ? [] : [member]))
    if (swarm.size === 0) this.#swarms.delete(hash)
    const seeds = others.filter(({ left }) => left === 0).length
    return bencode({
      complete: seeds,
      incomplete: others.length - seeds,
      interval,
      'min interval': 5,
      peers: Buffer.concat(some(others).map(compact)),
    })
  }

  /** How many still lack something of it. */
  waiting(hash: string, now: number): number {
    const swarm = this.#swarms.get(hash)
    if (!swarm) return 0
    forget(swarm, now)
    return [...swarm.values()].filter(({ left }) => left > 0).length
  }
}

function forget(swarm: Map<string, Member>, now: number): void {
  for (const [key, { heardAt }] of swarm) if (Math.abs(now - heardAt) > patience) swarm.delete(key)
}

/** Not always the same ones. */
function some(members: readonly Member[]): readonly Member[] {
  const from = Math.floor(Math.random() * members.length)
  return [...members.slice(from), ...members.slice(0, from)].slice(0, mostTold)
}

function compact({ address, port }: Member): Buffer {
  const bytes = Buffer.alloc(6)
  bytes.writeUInt32BE(readIpv4(address) ?? 0)
  bytes.writeUInt16BE(port, 4)
  return bytes
}

/** `info_hash` and the rest are bytes that no UTF-8 decoder leaves whole. Undefined for what is no announce. */
export function readAnnounce(
  query: string,
  address: string,
): { readonly hash: string; readonly announce: Announce } | undefined {
  const words = new Map(query.split('&').map((word) => [word.slice(0, word.indexOf('=')), bytesOf(word)]))
  const [hash, peer] = [words.get('info_hash'), words.get('peer_id')]
  const port = Number(words.get('port'))
  if (hash?.length !== 20 || peer?.length !== 20 || !Number.isInteger(port) || port < 1 || port > 65_535) return
  const left = Number(words.get('left') ?? 1)
  const isStopped = words.get('event')?.toString() === 'stopped'
  const announce = { peer: peer.toString('hex'), address, port, left: Number.isNaN(left) ? 1 : left, isStopped }
  return { hash: hash.toString('hex'), announce }
}

function bytesOf(word: string): Buffer {
  const text = word.slice(word.indexOf('=') + 1)
  return Buffer.from(
    text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}
