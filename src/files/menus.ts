import type { Answer } from '../boot/ask.ts'
import type { Asker, Client } from '../boot/client.ts'
import { isWipe } from '../boot/plan.ts'
import { pathOf, reach, type Session } from '../boot/session.ts'
import { Fault } from '../fault.ts'
import { isUrl, type Menu } from '../menu/menu.ts'
import type { MenuName } from '../menu/menu-name.ts'
import { grubBootstrap, writeGrub } from '../menu/grub.ts'
import { ipxeBootstrap, writeIpxe } from '../menu/ipxe.ts'
import { writePxelinux } from '../menu/pxelinux.ts'
import { formatIpv4 } from '../net/ipv4.ts'
import { isIpv6 } from '../net/ipv6.ts'
import type { Content, Finding } from '../net/content.ts'
import type { Mac } from '../net/mac.ts'
import { choose } from './choose.ts'
import { claim } from './claim.ts'
import type { Audience } from './context.ts'
import { heed, saidElsewhere } from './elsewhere.ts'
import { askHouse, cardAt, serverUrl, type House } from './house.ts'
import { withHead } from './menu-head.ts'
import { menuOf } from './menu-of.ts'
import { knownAddress } from './own-address.ts'
import { isOnlyLooking, type Asked } from './asked.ts'
import { note } from './boot-progress.ts'
import { readSyslinuxCookies } from './syslinux-cookies.ts'

/** The menu behind a name: `ask()` again, then written for the loader whose name it is. */
export function findMenu(house: House, name: MenuName, asked: Asked, own: () => Finding): Finding {
  if (name.by === 'bootstrap') {
    if (name.loader === 'ipxe') return own() ?? text(ipxeBootstrap(ipxeMenu(house, asked)))
    if (!asked.session) return text(grubBootstrap())
  }
  if (name.by === 'choice' && !choose(house, name.entry, asked)) return undefined
  const known = clientOf(house, name, asked)
  const client = name.by === 'choice' ? { ...known, chosen: name.entry } : known
  const answer = settle(house, client, asked)
  if (answer.machine) return write(house, name.loader, answer, client, asked)
  // A stranger's menu can be the site's own file of that name; a machine that was named gets its own, whatever lies in files/.
  const theirs = own()
  const forAnybody =
    name.by === 'default' || name.by === 'session' || answer.plan.do === 'live' || asked.session !== undefined
  return theirs ?? (forAnybody ? write(house, name.loader, answer, client, asked) : undefined)
}

/** Without a session it is named by its card. */
function ipxeMenu(house: House, { session, peer }: Asked): string {
  const url = serverUrl(house, peer.address)
  return session ? `${url}/${pathOf(session)}boot.ipxe` : `${url}/boot.ipxe-01-\${netX/mac:hexhyp}`
}

function settle(house: House, client: Client, asked: Asked): Answer {
  const first = askHouse(house, client)
  const said = saidElsewhere(house, first, client.mac)
  const answer = heed(first, said)
  // A permit is claimed for what is known to be booted.
  if (!isWipe(answer.plan) || !asked.session || asked.dry || said?.state === 'asking') return answer
  return claim(house, answer, asked.session, asked)
}

function write(house: House, loader: MenuName['loader'], answer: Answer, client: Client, asked: Asked): Finding {
  const mac = client.mac
  const session = asked.session
  const audience: Audience = {
    ...(answer.machine && { machine: answer.machine }),
    ...(answer.profile && { profile: answer.profile }),
    ...(mac && { mac }),
    ...(session && { session }),
    address: knownAddress(house, answer.machine, mac) ?? asked.peer.address,
  }
  try {
    const menu = menuOf(house, answer, audience)
    const headed = withHead(house, loader, menu, audience)
    const content = text(compose(house, loader, headed, audience, asked), isWipe(answer.plan))
    if (isOnlyLooking(asked)) return content
    if (session) note(house, session, asked.peer.address, waitsAt(answer, menu) ? 'waits' : 'boots')
    tell(house, answer, asked, mac, { loader, ...whatFollows(menu, serverUrl(house, audience.address)) })
    return content
  } catch (error) {
    return fail(house, error, answer, asked, mac)
  }
}

/** A person chooses, somebody must allow it or name the machine, or another program is still asked. */
function waitsAt({ plan }: Answer, { entries, default: label }: Menu): boolean {
  if (plan.do === 'menu' || plan.do === 'wait' || plan.do === 'discover') return true
  return entries.find((entry) => entry.label === label)?.boot.kind === 'again'
}

function compose(house: House, loader: MenuName['loader'], menu: Menu, audience: Audience, { peer }: Asked): string {
  const path = audience.session ? pathOf(audience.session) : ''
  const url = serverUrl(house, audience.address)
  switch (loader) {
    case 'pxelinux':
      return writePxelinux(menu, {
        shorten: (value) => `${url}/${house.shortUrls.shorten(value)}`,
        // pypxeboot knows of no session and asks at the root.
        metal: audience.session !== undefined,
      })
    case 'ipxe':
      // A loader that came over IPv6 may have no other address, whatever the system has later.
      return writeIpxe(menu, `${isIpv6(peer.address) ? serverUrl(house, peer.address) : url}/${path}`)
    case 'grub':
      return writeGrub(menu, `/${path}`)
  }
}

/** What the machine will ask for next, so that a boot that stops can be told from one that is over: files, and whether an answer. */
function whatFollows({ entries, default: label }: Menu, url: string): { files?: number; answer?: true } {
  const boot = entries.find((entry) => entry.label === label)?.boot
  if (boot?.kind === 'script') return { files: 0 }
  if (boot?.kind !== 'kernel') return {}
  const fetches = boot.args.some((word) => word.includes(`${url}/a/`))
  const own = [boot.kernel, ...boot.initrd].filter((name) => !isUrl(name))
  return { files: new Set(own).size, ...(fetches && { answer: true }) }
}

/** The broken template is told where it can be read: in the journal, and in the loader's own menu, which then boots the disk. */
function fail(house: House, error: unknown, answer: Answer, asked: Asked, mac: Mac | undefined): Finding {
  const why = error instanceof Fault ? error.toString() : String(error)
  if (asked.dry) throw error
  if (asked.head) return { kind: 'refused', status: 500, message: why }
  const event = { at: house.now(), type: 'menu.failed', ...whose(answer, asked.session, mac), detail: { why } }
  house.journal.recordSeldom(event, asked.peer.address)
  return { kind: 'refused', status: 500, message: why }
}

function tell(
  house: House,
  answer: Answer,
  asked: Asked,
  mac: Mac | undefined,
  menu: Record<string, string | number | boolean>,
): void {
  const now = house.now()
  const session = asked.session ?? (mac && house.sessions.current(mac))
  if (session) reach(session, 'menu', now)
  if (!answer.machine) return
  const detail = { ...menu, plan: answer.plan.do, why: answer.plan.why, from: asked.peer.address }
  const event = { at: now, type: 'menu.given', ...whose(answer, session, mac), detail }
  // At a name that can be guessed anybody may ask, as often as he likes.
  if (asked.session) house.journal.record(event)
  else house.journal.recordSeldom(event, asked.peer.address)
}

function whose(answer: Answer, session: Session | undefined, mac: Mac | undefined): Record<string, string> {
  return {
    ...(answer.machine && { machine: answer.machine.name }),
    ...(mac && { mac }),
    ...(session && { session: session.id }),
  }
}

const askers: Readonly<Record<MenuName['loader'], Asker>> = { pxelinux: 'pxelinux', ipxe: 'ipxe', grub: 'grub' }

function clientOf(house: House, name: MenuName, { session, peer, carrier, headers }: Asked): Client {
  const base = { door: carrier, asker: askers[name.loader], address: peer.address } as const
  if (session) return { ...base, mac: session.mac, session: session.id }
  switch (name.by) {
    case 'mac':
      return { ...base, mac: name.mac }
    case 'name':
      return { ...base, ...cardOf(house, name.name) }
    case 'uuid':
      return { ...base, uuid: name.uuid }
    case 'address':
      return { ...base, ...holder(house, formatIpv4(name.address)) }
    default:
      return { ...base, ...(readSyslinuxCookies(headers.cookie) ?? holder(house, peer.address)) }
  }
}

function cardOf({ registry }: House, name: string): { mac?: Mac } {
  const mac = registry.named(name)?.macs[0]
  return mac ? { mac } : {}
}

function holder(house: House, address: string): { mac?: Mac } {
  const mac = cardAt(house, address)
  return mac ? { mac } : {}
}

function text(value: string, secret = false): Content {
  return { kind: 'bytes', bytes: Buffer.from(value), type: 'text/plain; charset=utf-8', secret }
}
