import { execa } from 'execa'
import type { Board, Console, ConsoleWish, House } from '../files/house.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import { reinstall } from './desk.ts'

/** A machine that waits for a name. */
export interface Waiting extends Board {
  readonly address?: Ipv4
  /** Milliseconds since 1970. */
  readonly since: number
  readonly seenAt: number
}

const mostTries = 5
/** Milliseconds that a console is shut after that many wrong passwords. */
const shut = 10 * 60_000
/** Milliseconds after which a machine that has not asked again waits no more. */
const patience = 60_000
const mostWaiting = 10_000

/** What people do at the consoles of machines: passwords, and machines that wait for a name. */
export class ConsoleDesk implements Console {
  readonly #house: () => House
  readonly #refused = new Map<string, string>()
  readonly #tries = new Map<Mac, { count: number; since: number }>()
  readonly #waiting = new Map<Mac, Waiting>()

  constructor(house: () => House) {
    this.#house = house
  }

  allow(wish: ConsoleWish): void {
    const { mac, id } = wish.session
    const now = this.#house().now()
    const tries = this.#triesOf(mac, now)
    tries.count += 1
    if (tries.count > mostTries) return this.#refuse(wish, 'Too many wrong passwords: wait ten minutes')
    this.#refused.delete(id)
    void this.#check(wish).catch((error: unknown) => this.#refuse(wish, (error as Error).message))
  }

  refusal({ id }: { readonly id: string }): string | undefined {
    return this.#refused.get(id)
  }

  waiting(board: Board, address: Ipv4 | undefined, now: number): void {
    const before = this.#waiting.get(board.mac)
    this.#waiting.delete(board.mac)
    if (this.#waiting.size >= mostWaiting) this.#waiting.delete(this.#waiting.keys().next().value!)
    const since = before && now - before.seenAt < patience ? before.since : now
    this.#waiting.set(board.mac, { ...board, ...(address !== undefined && { address }), since, seenAt: now })
    if (since === now)
      this.#house().journal.recordSeldom({ at: now, type: 'machine.discovered', detail: { ...board } }, board.mac)
  }

  /** Those that wait now and still have no name, longest first. */
  list(): readonly Waiting[] {
    const { registry, now } = this.#house()
    return [...this.#waiting.values()]
      .filter((one) => now() - one.seenAt < patience && !registry.recognise(one))
      .toSorted((a, b) => a.since - b.since)
  }

  async #check(wish: ConsoleWish): Promise<void> {
    const house = this.#house()
    const { machine, target, session, user } = wish
    if (!(await isPassword(wish))) return this.#refuse(wish, 'That password was wrong')
    this.#tries.delete(session.mac)
    const menu = house.registry.profileOf(house.registry.named(machine.name) ?? machine)
    if (menu?.kind !== 'menu' || menu.password !== wish.hash)
      return this.#refuse(wish, 'The menu was edited: boot again')
    await reinstall(house, machine.name, { by: `console ${user}`.trim().slice(0, 60), to: target.name })
  }

  #refuse({ machine, session, target }: ConsoleWish, why: string): void {
    const house = this.#house()
    if (this.#refused.size > mostWaiting) this.#refused.clear()
    this.#refused.set(session.id, why)
    const whose = { machine: machine.name, mac: session.mac, session: session.id }
    house.journal.record({ at: house.now(), type: 'console.refused', ...whose, detail: { target: target.name, why } })
  }

  #triesOf(mac: Mac, now: number): { count: number; since: number } {
    const known = this.#tries.get(mac)
    if (known && now - known.since < shut) return known
    if (this.#tries.size > mostWaiting) this.#tries.clear()
    const tries = { count: 0, since: now }
    this.#tries.set(mac, tries)
    return tries
  }
}

/** Node has no crypt(3); openssl reads the password from its input, so it stands in no list of processes. */
async function isPassword({ hash, password }: ConsoleWish): Promise<boolean> {
  const [, kind = '', salt = ''] = hash.split('$')
  const { stdout } = await execa('openssl', ['passwd', `-${kind}`, '-salt', salt, '-stdin'], {
    input: `${password.split('\n')[0]}\n`,
  })
  return stdout.trim() === hash
}
