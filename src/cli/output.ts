/** Resolves to whether it was written. */
export function say(text: string): Promise<boolean> {
  return new Promise((resolve) => process.stdout.write(`${text}\n`, (error) => resolve(!error)))
}

/**
 * For the whole program: a reader that has gone away wants no more of it, and an output device that takes nothing is told once. The result says,
 * once all is written, whether something was lost.
 */
export function watchOutput(): () => Promise<boolean> {
  let lost = false
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE' || lost) return
    lost = true
    const why = code === 'ENOSPC' ? 'no space is left where it goes' : message
    console.error(`birnam: what this command prints could not be written: ${why} (what it does was done all the same)`)
  })
  // Nobody is left who could be told.
  process.stderr.on('error', () => {})
  return async () => {
    // The stream tells its error after the turn in which it was written to.
    await new Promise((resolve) => setImmediate(resolve))
    return lost
  }
}
