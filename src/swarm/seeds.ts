interface Member {
  readonly hasSeed: boolean
  heardAt: number
}

const share = 16
const patience = 60_000

/**
 * Which machines are told of the web seed: the first that comes, and one in sixteen of those that are there. The others live from them, so the
 * server sends little more than one image; where nobody is left to give, they pull by HTTP as if there were no torrent.
 */
export class Seeds {
  readonly #swarms = new Map<string, Map<string, Member>>()

  /** `now` in milliseconds. The same machine gets the same answer as long as it is there. */
  mayUse(torrent: string, machine: string, now: number): boolean {
    const swarm = this.#swarms.get(torrent) ?? new Map<string, Member>()
    this.#swarms.set(torrent, swarm)
    for (const [key, { heardAt }] of swarm) if (Math.abs(now - heardAt) > patience) swarm.delete(key)
    const seeded = [...swarm.values()].filter(({ hasSeed }) => hasSeed).length
    const hasSeed = swarm.get(machine)?.hasSeed ?? seeded * share <= swarm.size
    swarm.set(machine, { hasSeed, heardAt: now })
    return hasSeed
  }

  /** It is still there. */
  heard(torrent: string, machine: string, now: number): void {
    const member = this.#swarms.get(torrent)?.get(machine)
    if (member) member.heardAt = now
  }
}
