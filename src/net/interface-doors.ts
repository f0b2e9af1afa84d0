/** What is open on one interface. */
export interface InterfaceDoor {
  /** What has changed on the interface since it was opened; one that cannot go on is closed and counts as missing. */
  refresh?(): Promise<void>
  close(): Promise<void>
}

/**
 * The doors of the interfaces that a site names. One that cannot be opened is `missing`; the others open. Doors are opened and closed in turn: two
 * changes at once would open the same interface twice.
 */
export class InterfaceDoors {
  /** With what the system said. */
  readonly missing = new Map<string, Error>()
  readonly #doors = new Map<string, InterfaceDoor>()
  readonly #open: (name: string) => Promise<InterfaceDoor>
  #turn: Promise<void> = Promise.resolve()
  #isClosed = false

  /** `open` leaves nothing behind when it throws. */
  constructor(open: (name: string) => Promise<InterfaceDoor>) {
    this.#open = open
  }

  get names(): readonly string[] {
    return [...this.#doors.keys()]
  }

  /** From now on these: doors that stay are not touched. */
  want(names: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const wanted = new Set(names)
      await this.#closeBut(wanted)
      for (const name of this.missing.keys()) if (!wanted.has(name)) this.missing.delete(name)
      for (const name of wanted) if (!this.#doors.has(name)) await this.#try(name)
    })
  }

  /** Tries the missing ones again: a card or a bridge may come later than this server. */
  retry(): Promise<void> {
    return this.#inTurn(async () => {
      for (const name of [...this.missing.keys(), ...this.names]) await this.#try(name)
    })
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      this.#isClosed = true
      await this.#closeBut(new Set())
    })
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(() => (this.#isClosed ? undefined : work()))
    this.#turn = done.catch(() => {})
    return done
  }

  async #closeBut(wanted: ReadonlySet<string>): Promise<void> {
    const unwanted = [...this.#doors].filter(([name]) => !wanted.has(name))
    for (const [name] of unwanted) this.#doors.delete(name)
    await Promise.all(unwanted.map(([, door]) => door.close()))
  }

  async #try(name: string): Promise<void> {
    const known = this.#doors.get(name)
    try {
      if (known) await known.refresh?.()
      else this.#doors.set(name, await this.#open(name))
      this.missing.delete(name)
    } catch (error) {
      this.#doors.delete(name)
      await known?.close()
      this.missing.set(name, error instanceof Error ? error : new Error(String(error)))
    }
  }
}
