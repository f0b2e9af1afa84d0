interface Network {
  readonly network: number | bigint
  readonly bits: number
}

/** A subnet, and another one that is on the same link. */
interface Sharing {
  readonly cidr: Network
  readonly with?: Network
}

/** Which subnets are on one link because one names the other, by `with:`; worked out once. */
export class SharedLinks<T extends Sharing> {
  readonly #links = new Map<T, readonly T[]>()

  constructor(subnets: readonly T[]) {
    const byCidr = new Map(subnets.map((subnet) => [keyOf(subnet.cidr), subnet]))
    for (const subnet of subnets) {
      const other = subnet.with && byCidr.get(keyOf(subnet.with))
      if (other) this.#join(this.of(subnet), this.of(other))
    }
  }

  of(subnet: T): readonly T[] {
    return this.#links.get(subnet) ?? [subnet]
  }

  /** These, and whatever shares a link with one of them. */
  around(found: readonly T[]): readonly T[] {
    if (this.#links.size === 0) return found
    return [...new Set([...found, ...found.flatMap((subnet) => this.of(subnet))])]
  }

  #join(one: readonly T[], other: readonly T[]): void {
    const link = [...new Set([...other, ...one])]
    for (const subnet of link) this.#links.set(subnet, link)
  }
}

function keyOf({ network, bits }: Network): string {
  return `${network}/${bits}`
}
