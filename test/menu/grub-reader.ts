/**
 * A strict reader of the GRUB script that Birnam writes: statements end at a line break or `;`, words are bare or quoted,
 * `'…'` takes everything, `"…"` expands, a backslash outside takes the next character, `#` before a word is a comment.
 */
export function readGrub(text: string): readonly (readonly string[])[] {
  const statements: string[][] = []
  let words: string[] = []
  let word: string | undefined
  const endWord = (): void => {
    if (word !== undefined) words.push(word)
    word = undefined
  }
  const endStatement = (): void => {
    endWord()
    if (words.length > 0) statements.push(words)
    words = []
  }
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (char === "'") {
      const end = text.indexOf("'", at + 1)
      if (end < 0) throw new Error('unbalanced quote')
      word = (word ?? '') + text.slice(at + 1, end)
      at = end
    } else if (char === '"') {
      const end = text.indexOf('"', at + 1)
      if (end < 0) throw new Error('unbalanced quote')
      word = (word ?? '') + text.slice(at + 1, end)
      at = end
    } else if (char === '\\') word = (word ?? '') + text[++at]!
    else if (char === '\n' || char === ';') endStatement()
    else if (char === ' ' || char === '\t') endWord()
    else if (char === '#' && word === undefined) at = text.indexOf('\n', at) - 1
    else if (/[|&<>]/.test(char)) throw new Error(`bare ${char}`)
    else word = (word ?? '') + char
  }
  endStatement()
  return statements
}
