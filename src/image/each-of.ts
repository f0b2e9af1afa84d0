/** What `work` makes of each item, in their order, while at most `most` are under way. */
export async function eachOf<Item, Made>(
  items: readonly Item[],
  most: number,
  work: (item: Item) => Promise<Made>,
): Promise<Made[]> {
  const made: Made[] = []
  const left = items.entries()
  const worker = async (): Promise<void> => {
    for (const [at, item] of left) made[at] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker))
  return made
}
