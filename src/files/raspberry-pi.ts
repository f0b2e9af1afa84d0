import type { Answer } from '../boot/ask.ts'
import type { Client } from '../boot/client.ts'
import { Fault } from '../fault.ts'
import type { Boot } from '../menu/menu.ts'
import type { Finding } from '../net/content.ts'
import { isOnlyLooking, type Asked } from './asked.ts'
import { folderOf } from './first.ts'
import { askHouse, cardAt, type House } from './house.ts'
import { menuOf } from './menu-of.ts'

/** What stands in the directory of one board. */
export interface PiName {
  /** The last eight digits of its serial number. */
  readonly serial: string
  readonly rest: string
}

/** `0a1b2c3d/start4.elf`: the boot ROM asks for everything below the board's serial number first. */
export function readPiName(name: string): PiName | undefined {
  const [, serial, rest] = /^([0-9a-f]{8})\/(.+)$/i.exec(name) ?? []
  return serial === undefined || rest === undefined ? undefined : { serial: serial.toLowerCase(), rest }
}

/**
 * A file for a board whose machine has a live profile: its firmware out of the profile's `loaders:`, `config.txt` and `cmdline.txt` made for it, its
 * kernel and initrd. For every other plan there is nothing, so the board goes on to its own card or disk. These names hold no boot session:
 * what wipes is never given here.
 */
export function findForPi(house: House, { serial, rest }: PiName, asked: Asked, shelf: PiShelf): Finding {
  const answer = askHouse(house, clientOf(house, serial, asked))
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

function clientOf(house: House, serial: string, asked: Asked): Client {
  const { carrier, peer } = asked
  const base = { door: carrier, asker: 'firmware', address: peer.address } as const
  const mac = cardAt(house, peer.address)
  // As dmidecode and /proc/cpuinfo print it, with eight digits before it, or as it is asked for.
  const written = [serial, `10000000${serial}`, `00000000${serial}`].find((each) =>
    house.registry.recognise({ serial: each }),
  )
  return { ...base, ...(mac && { mac }), ...(written !== undefined && { serial: written }) }
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
