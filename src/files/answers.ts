import type { IncomingHttpHeaders } from 'node:http'
import type { Answer } from '../boot/ask.ts'
import { reach, type Session } from '../boot/session.ts'
import type { Family } from '../answer/family.ts'
import type { Machine } from '../config/site.ts'
import { Fault } from '../fault.ts'
import type { Finding, Refusal } from '../net/content.ts'
import { readMac, type Mac } from '../net/mac.ts'
import { answerFamily, mediumOf, partOf } from './answer-part.ts'
import { contextOf, distroOf, type Audience } from './context.ts'
import { askHouse, cardAt, type House } from './house.ts'
import { knownAddress } from './own-address.ts'
import { refusal, type Why } from './refusal.ts'
import { isOnlyLooking, type Asked } from './asked.ts'
import { note } from './boot-progress.ts'

/**
 * `a/<token>`, `a/<mac>` and plain `a`: the answer file of whoever asks; `a/<token>/meta-data` is one of several. An install answer (it holds password hashes and keys) needs
 * its claimed session's token, the machine's own address and the hour after the claim; a live one does not.
 */
export function findAnswer(house: House, name: string, asked: Asked): Finding {
  const slash = name.indexOf('/')
  const [key, part] = slash < 0 ? [name, ''] : [name.slice(0, slash), name.slice(slash + 1)]
  const who = identify(house, key, asked)
  if ('kind' in who) return who
  const { session, mac } = who
  const client = { door: asked.carrier, asker: 'os', mac, ...(session && { session: session.id }) } as const
  const answer = askHouse(house, client)
  const isLive = answer.machine && answer.plan.do === 'live'
  const why = isLive ? undefined : refusal(house, answer, 'install', session, asked)
  if (why) return refuse(house, answer, who, asked, why)
  return render(house, answer, who, part, asked)
}

interface Who {
  readonly mac: Mac
  readonly session?: Session
}

/** By the token in the URL, by Anaconda's MAC headers or serial number, by the MAC in the name, by the lease. */
function identify(house: House, key: string, asked: Asked): Who | Refusal {
  if (key.includes('.')) {
    const session = house.sessions.byToken(key, house.now(), asked.dry)
    if (session) return { session, mac: session.mac }
    return refuse(house, undefined, undefined, asked, { status: 403, message: 'no boot session has that token' })
  }
  const mac =
    (key === '' ? undefined : readMac(key)) ?? fromHeaders(house, asked.headers) ?? cardAt(house, asked.peer.address)
  if (mac) return { mac }
  return { kind: 'refused', status: 404, message: `no machine is known at ${asked.peer.address}` }
}

// `X-RHN-Provisioning-MAC-0: eth0 52:54:00:12:34:56` (inst.ks.sendmac), `X-System-Serial-Number` (inst.ks.sendsn).
function fromHeaders(house: House, headers: IncomingHttpHeaders): Mac | undefined {
  for (let n = 0; n < 32; n++) {
    const value = headers[`x-rhn-provisioning-mac-${n}`]
    const mac = typeof value === 'string' ? readMac(value.trim().split(/\s+/).at(-1) ?? '') : undefined
    if (mac && house.registry.recognise({ mac })) return mac
  }
  const serial = headers['x-system-serial-number']
  return typeof serial === 'string' ? house.registry.recognise({ serial: serial.trim() })?.macs[0] : undefined
}

function refuse(house: House, answer: Answer | undefined, who: Who | undefined, asked: Asked, why: Why): Refusal {
  if (!asked.dry && why.status !== 404) {
    const { address: from } = asked.peer
    const event = {
      at: house.now(),
      type: 'answer.refused',
      ...(answer?.machine && { machine: answer.machine.name }),
      ...(who && { mac: who.mac }),
      ...(who?.session && { session: who.session.id }),
      detail: { why: why.message, from },
    }
    house.journal.recordSeldom(event, `${from} ${why.message}`)
  }
  return { kind: 'refused', ...why }
}

function render(house: House, answer: Answer, { session, mac }: Who, part: string, asked: Asked): Finding {
  const { profile } = answer
  const machine = answer.machine!
  if ((profile?.kind !== 'live' && profile?.kind !== 'install') || profile.answer === undefined) {
    return { kind: 'refused', status: 404, message: `profile ${profile?.name} has no answer` }
  }
  const family = answerFamily(house, profile)
  const file = partOf(house, profile.answer, family, part)
  if (!file) return { kind: 'refused', status: 404, message: `${part} is no part of this answer` }
  const address = knownAddress(house, machine, mac) ?? asked.peer.address
  const audience = { machine, profile, mac, address, ...(session && { session }) }
  try {
    const { template, type, dos } = file
    const accept = asked.headers.accept
    const text = template === undefined ? '' : write(house, template, { audience, machine, family, accept })
    if (!isOnlyLooking(asked))
      tell(house, machine, { mac, ...(session && { session }) }, template ?? part, asked.peer.address)
    const bytes = Buffer.from(dos ? text.replaceAll(/\r?\n/g, '\r\n') : text)
    return { kind: 'bytes', bytes, type, secret: profile.kind === 'install' }
  } catch (error) {
    if (asked.dry || !(error instanceof Fault)) throw error
    const message = error.toString()
    const whose = { machine: machine.name, mac, ...(session && { session: session.id }) }
    const event = { at: house.now(), type: 'answer.failed', ...whose, detail: { why: message } }
    house.journal.recordSeldom(event, asked.peer.address)
    return { kind: 'refused', status: 500, message }
  }
}

interface Writing {
  readonly audience: Audience
  readonly machine: Machine
  readonly family: Family | undefined
  readonly accept: string | undefined
}

/** The text of a template as its installer reads it. Throws `answer-invalid` with the first thing that is wrong. */
function write(house: House, template: string, { audience, machine, family, accept }: Writing): string {
  const { profile } = audience
  const distro = profile && distroOf(house, profile)
  if (!house.paths.find(template))
    throw new Fault(
      'file-missing',
      `there is no template ${template}, which profile ${profile?.name} names as its answer`,
      {
        ...profile?.origin,
        hint: 'put it into the site under that path',
      },
    )
  const context = { ...contextOf(house, audience), ...mediumOf(house, distro) }
  const text = house.templates.render(template, context, machine.name)
  const made = family?.make?.(text, accept) ?? { text }
  if ('text' in made) return made.text
  const [first, ...others] = made.problems
  const more =
    others.length === 0 ? '' : `, and ${others.length} more in lines ${others.map(({ line }) => line).join(', ')}`
  throw new Fault('answer-invalid', `${first!.message}, for ${machine.name}${more}`, {
    file: template,
    line: first!.line,
    hint: 'lines are those of the rendered text',
  })
}

function tell(house: House, machine: Machine, { mac, session }: Who, template: string, from: string): void {
  const now = house.now()
  const boot = session ?? house.sessions.current(mac)
  if (boot) {
    reach(boot, 'answer', now)
    note(house, boot, from, 'gone')
  }
  if (session && house.permits.of(machine.name)?.session === session.id)
    house.permits.seen(machine.name, 'its answer was fetched')
  const id = boot && { session: boot.id }
  const event = { at: now, type: 'answer.given', machine: machine.name, mac, ...id, detail: { template } }
  // Without a token anybody may ask, as often as he likes.
  if (session) house.journal.record(event)
  else house.journal.recordSeldom(event, '')
}
