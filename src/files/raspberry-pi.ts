import type { Answer } from '../boot/ask.ts'
import type { Client } from '../boot/client.ts'
import { Fault } from '../fault.ts'
import type { Boot } from '../menu/menu.ts'
import type { Finding } from '../net/content.ts'
import { readMac, type Mac } from '../net/mac.ts'
import { isRaspberryPi } from '../net/raspberry-pi.ts'
import { isOnlyLooking, type Asked } from './asked.ts'
import { folderOf } from './first.ts'
import { askHouse, cardAt, type House } from './house.ts'
import { menuOf } from './menu-of.ts'

/** What stands in the directory of one board. */
export interface PiName {
  readonly board: { readonly serialEnd: string } | { readonly mac: Mac }
  /** As it was asked for, in small letters. */
  readonly directory: string
  readonly rest: string
}

/**
 * `0a1b2c3d/start4.elf`: the boot ROM asks for everything below the last eight digits of the board's serial number first, or below its MAC
 * address, `dc-a6-32-00-00-01/start4.elf` (TFTP_PREFIX=2 of its EEPROM).
 */
export function readPiName(name: string): PiName | undefined {
  const [, directory = '', rest] = /^([0-9a-f]{8}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5})\/(.+)$/i.exec(name) ?? []
  if (rest === undefined) return undefined
  const small = directory.toLowerCase()
  if (!small.includes('-')) return { board: { serialEnd: small }, directory: small, rest }
  const mac = readMac(small)
  return mac && isRaspberryPi(mac) ? { board: { mac }, directory: small, rest } : undefined
}

/**
 * A file for a board whose machine has a live profile: its firmware out of the profile's `loaders:`, `config.txt` and `cmdline.txt` made for it, its
 * kernel and initrd. For every other plan there is nothing, so the board goes on to its own card or disk. These names hold no boot session:
 * what wipes is never given here.
 */
export function findForPi(house: House, { board, rest }: PiName, asked: Asked, shelf: PiShelf): Finding {
  const answer = askHouse(house, clientOf(house, board, asked))
  const { machine, plan, profile } = answer
  if (!machine || plan.do !== 'live') return undefined
  const own = house.loaders.own(rest, folderOf(house, profile))
  if (own !== undefined) return shelf.at(own)
  if (rest !== 'config.txt' && rest !== 'cmdline.txt') return shelf.named(rest)
  try {
    return made(house, rest, answer, asked)
  } catch (error) {
    if (asked.dry) throw error
    return { kind: 'refused', status: 500, message: error instanceof Fault ? error.toString() : String(error) }
  }
}

/** Files by their name on the shelf, and by where they are. */
export interface PiShelf {
  named(name: string): Finding
  at(path: string): Finding
}

function made(house: House, name: string, answer: Answer, asked: Asked): Finding {
  const { machine, plan, profile } = answer
  const mac = cardAt(house, asked.peer.address) ?? machine!.macs[0]
  const address = machine!.ip ?? asked.peer.address
  const audience = { machine: machine!, ...(profile && { profile }), ...(mac && { mac }), address }
  const menu = menuOf(house, answer, audience)
  const boot = menu.entries.find(({ label }) => label === menu.default)?.boot
  if (boot?.kind !== 'kernel') return undefined
  if (name === 'config.txt') return text(config(menu.comments, boot))
  const detail = { loader: 'raspberry-pi', plan: plan.do, why: plan.why, from: asked.peer.address }
  const event = { at: house.now(), type: 'menu.given', machine: machine!.name, ...(mac && { mac }), detail }
  if (!isOnlyLooking(asked)) house.journal.recordSeldom(event, asked.peer.address)
  return text(`${boot.args.join(' ')}\n`)
}

function text(value: string): Finding {
  return { kind: 'bytes', bytes: Buffer.from(value), type: 'text/plain; charset=utf-8' }
}

function clientOf(house: House, board: PiName['board'], { carrier, peer }: Asked): Client {
  const base = { door: carrier, asker: 'firmware', address: peer.address } as const
  const mac = cardAt(house, peer.address)
  if ('mac' in board) return { ...base, mac: mac ?? board.mac }
  const serial = house.registry.bySerialEnd(board.serialEnd)?.serial
  return { ...base, ...(mac && { mac }), ...(serial !== undefined && { serial }) }
}

/** The firmware's own words; several initrds stand behind each other, with commas. */
function config(comments: readonly string[], { kernel, initrd }: Extract<Boot, { kind: 'kernel' }>): string {
  const lines = [
    ...comments.map((comment) => `# ${comment}`),
    'arm_64bit=1',
    'enable_uart=1',
    `kernel=${kernel}`,
    ...(initrd.length === 0 ? [] : [`initramfs ${initrd.join(',')} followkernel`]),
  ]
  return `${lines.join('\n')}\n`
}
