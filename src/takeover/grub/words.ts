/** A command of a grub.cfg: its words, and what stands in braces behind them. */
export interface Command {
  readonly words: readonly string[]
  readonly block?: readonly Command[]
  /** It stands in an `if`, `for`, `while` or `function`. */
  readonly conditional: boolean
  readonly line: number
}

interface Word {
  readonly text: string
  readonly mark: boolean
  readonly line: number
}

const deepest = 40
const most = 200_000

/** The commands of a grub.cfg, as its script.y nests them. Undefined where the braces do not match, or there are too many. */
export function readCommands(text: string): readonly Command[] | undefined {
  const words = wordsOf(text)
  if (!words) return undefined
  const root: Command[] = []
  const open: {
    readonly words: readonly string[]
    readonly block: Command[]
    readonly line: number
    readonly inside: boolean
  }[] = []
  let [current, line, conditions]: [string[], number, number] = [[], 1, 0]
  const end = (): void => {
    const first = current[0]
    if (first === undefined) return
    if (['if', 'for', 'while', 'until'].includes(first)) conditions++
    else if (['fi', 'done'].includes(first)) conditions = Math.max(0, conditions - 1)
    else if (!['then', 'do', 'else', 'elif'].includes(first))
      (open.at(-1)?.block ?? root).push({
        words: current,
        conditional: conditions > 0 || open.some(({ inside }) => inside),
        line,
      })
    const rest = ['then', 'do', 'else'].includes(first) ? current.slice(1) : []
    current = rest
    if (rest.length > 0) end()
    current = []
  }
  for (const word of words) {
    if (!word.mark) {
      if (current.length === 0) line = word.line
      current.push(word.text)
    } else if (word.text === '{') {
      if (open.length >= deepest) return undefined
      open.push({ words: current, block: [], line, inside: current[0] === 'function' || conditions > 0 })
      current = []
    } else if (word.text === '}') {
      end()
      const done = open.pop()
      if (!done) return undefined
      const block = done.words[0] === 'menuentry' || done.words[0] === 'submenu' ? done.block : undefined
      ;(open.at(-1)?.block ?? root).push({
        words: done.words,
        ...(block && { block }),
        conditional: done.inside,
        line: done.line,
      })
    } else end()
  }
  end()
  return open.length > 0 ? undefined : root
}

function wordsOf(text: string): readonly Word[] | undefined {
  const words: Word[] = []
  let [word, has, line]: [string, boolean, number] = ['', false, 1]
  const end = (): void => {
    if (has) words.push({ text: word, mark: false, line })
    ;[word, has] = ['', false]
  }
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!
    if (words.length > most) return undefined
    if (sign === '\\' && at + 1 < text.length) {
      at++
      if (text[at] === '\n') line++
      else [word, has] = [word + text[at]!, true]
    } else if (sign === "'" || sign === '"') {
      const close = text.indexOf(sign, at + 1)
      if (close < 0) return undefined
      const inner = text.slice(at + 1, close)
      // Variables in single quotes are text: a sign that no variable has marks them.
      ;[word, has] = [word + (sign === "'" ? inner.replaceAll('$', '\uE000') : inner), true]
      line += inner.split('\n').length - 1
      at = close
    } else if (sign === '$' && text[at + 1] === '{') {
      const close = text.indexOf('}', at)
      if (close < 0) return undefined
      ;[word, has] = [word + text.slice(at, close + 1), true]
      at = close
    } else if (sign === '#' && !has) {
      const close = text.indexOf('\n', at)
      at = (close < 0 ? text.length : close) - 1
    } else if (sign === '\n' || sign === ';' || (!has && (sign === '{' || sign === '}'))) {
      end()
      words.push({ text: sign === '\n' ? ';' : sign, mark: true, line })
      if (sign === '\n') line++
    } else if (/\s/.test(sign)) end()
    else [word, has] = [word + sign, true]
  }
  end()
  return words
}
