/** A program that is measured, and what is measured of it in one round. */
export interface Subject<Run> {
  readonly name: string
  readonly run: () => Promise<Run>
}

/** All subjects in turn, round by round, so that a noisy minute hits each of them; one round more that is not counted warms them up. */
export async function inTurn<Run>(
  subjects: readonly Subject<Run>[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly Run[]>> {
  const runs = new Map<string, Run[]>(subjects.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const { name, run } of subjects) {
      const result = await run()
      if (round > 0) runs.get(name)!.push(result)
    }
  }
  return runs
}

/** The median of ours over theirs, taken within each round. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, round) => value / theirs[round]!))
}

export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** `--name value` of the command line. */
export function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
