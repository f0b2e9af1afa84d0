import { discovery, localDisk } from '../boot/decide.ts'
import type { Session } from '../boot/session.ts'
import { choicesOf } from '../config/choices.ts'
import { isWiping, type Machine, type MenuProfile, type Profile } from '../config/site.ts'
import { isOnlyLooking, type Asked } from './asked.ts'
import { machineOf, type Board, type House } from './house.ts'
import { whyForeign } from './own-address.ts'

/**
 * Remembers in the boot session what was chosen at the console. False for what its menu does not offer, for a name without its boot
 * session, and for whoever speaks from a foreign address. Choosing wipes nothing: that takes a permit.
 */
export function choose(house: House, entry: string, asked: Asked): boolean {
  const { session } = asked
  if (!session) return false
  const machine = machineOf(house, session.mac)
  if (isForeign(house, machine, session, asked)) return false
  const menu = menuFor(house, machine)
  const chosen = menu && choicesOf(house.registry, menu).get(entry)
  if (!chosen && entry !== localDisk && !mayDiscover(house, menu, entry)) return false
  if (isOnlyLooking(asked)) return true
  session.chosen = entry
  if (entry === discovery) discovered(house, session, asked)
  else if (machine && menu?.password !== undefined && isWiping(chosen)) {
    const [user, password] = ['user', 'password'].map((name) => asked.query?.get(name) ?? '') as [string, string]
    const wish = { machine, session, target: chosen, hash: menu.password, user, password }
    if (password !== '') house.console?.allow(wish)
  }
  return true
}

function isForeign(house: House, machine: Machine | undefined, session: Session, { dry, peer }: Asked): boolean {
  const why = dry ? undefined : whyForeign(house, { machine, session }, peer.address)
  if (why === undefined) return false
  const whose = { ...(machine && { machine: machine.name }), mac: session.mac, session: session.id }
  const event = { at: house.now(), type: 'choice.refused', ...whose, detail: { why, from: peer.address } }
  house.journal.recordSeldom(event, peer.address)
  return true
}

/** The menu that this machine, or a stranger, begins with. */
function menuFor({ registry }: House, machine: Machine | undefined): MenuProfile | undefined {
  const { strangers } = registry.site.server
  const forStrangers = typeof strangers === 'object' ? registry.profile(strangers.profile) : undefined
  const profile: Profile | undefined = machine ? registry.profileOf(machine) : forStrangers
  return profile?.kind === 'menu' ? profile : undefined
}

/** A machine that was named while it waited asks once more, and goes on as what it is now. */
function mayDiscover({ registry }: House, menu: MenuProfile | undefined, entry: string): boolean {
  if (entry !== discovery) return false
  const { strangers } = registry.site.server
  const first = typeof strangers === 'object' ? registry.profile(strangers.profile) : undefined
  const offers = (one: Profile | undefined): boolean =>
    one?.kind === 'menu' &&
    [...choicesOf(registry, one).values()].some((each) => each.kind === 'menu' && each.entries.includes(entry))
  return strangers === discovery || offers(first) || offers(menu)
}

function discovered(house: House, session: Session, { query, peer }: Asked): void {
  const board: Board = {
    mac: session.mac,
    ...(session.uuid !== undefined && { uuid: session.uuid }),
    ...readBoard(query),
  }
  session.serial = board.serial
  session.uuid ??= board.uuid
  house.console?.waiting(board, peer.address, house.now())
}

const facts = ['serial', 'manufacturer', 'product', 'asset'] as const

/** What does not look like a fact is none. */
function readBoard(query: URLSearchParams | undefined): Omit<Board, 'mac'> {
  const found: Record<string, string> = {}
  for (const name of facts) {
    const value = query?.get(name)?.trim()
    if (value && /^[\x20-\x7e]{1,100}$/.test(value)) found[name] = value
  }
  const uuid = query?.get('uuid')?.toLowerCase()
  if (uuid && /^(?!0{8}-)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid)) found['uuid'] = uuid
  return found
}
