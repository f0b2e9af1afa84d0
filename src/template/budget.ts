import { wrong } from './complaint.ts'

const mostSteps = 100_000
const longest = 1 << 20

/**
 * What one rendering may use. Counted in rounds and parts, not in milliseconds, so that the same template gives the same answer on a
 * slow machine. Rendering never waits, so one budget serves one engine.
 */
export class Budget {
  #steps = 0

  begin(): void {
    this.#steps = 0
  }

  /** One round of a loop or one call of a part. */
  step(): void {
    this.#steps += 1
    if (this.#steps > mostSteps)
      throw wrong(`the template takes more than ${mostSteps} rounds`, 'look for loops inside of loops')
  }

  /** The text so far; throws when it is longer than any answer. */
  check(text: string): string {
    if (text.length <= longest) return text
    throw wrong('the text grows past 1 MiB', 'look for loops inside of loops')
  }
}
