/** One line on the terminal that is written over; on anything else nothing is written. */
export interface ProgressLine extends Disposable {
  tell(done: number, all: number): void
  clear(): void
}

/** Milliseconds between two updates: often enough for a person. */
const pace = 100

export function progressLine(verb: string, stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  let next = performance.now() + pace
  let isShown = false
  const clear = (): void => {
    if (isShown) stream.write('\r\u001b[K')
    isShown = false
  }
  return {
    tell(done, all) {
      if (!stream.isTTY || performance.now() < next) return
      next = performance.now() + pace
      isShown = true
      stream.write(`\r\u001b[K${done} of ${all} ${verb}`)
    },
    clear,
    [Symbol.dispose]: clear,
  }
}
