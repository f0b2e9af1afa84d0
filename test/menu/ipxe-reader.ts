/** One command of a script: its words, and what joins it to the next one. */
export interface Statement {
  readonly words: readonly string[]
  readonly joint?: '||' | '&&' | ';'
}

/**
 * A strict reader of iPXE scripts by the rules of its own parser (image/script.c, core/exec.c): backslash continues a line, a
 * colon begins a label, blanks split tokens, `#` begins a comment, `||`, `&&` and `;` stand alone. Labels come out as `:name`.
 * Anything that iPXE would expand is an error, but for the settings that Birnam itself uses.
 */
export function readIpxe(text: string): readonly Statement[] {
  if (!text.startsWith('#!ipxe\n')) throw new Error('no #!ipxe')
  const joined = text.replaceAll('\r\n', '\n').replaceAll('\\\n', '')
  return joined.split('\n').flatMap(readLine)
}

function readLine(line: string): Statement[] {
  const tokens = line.split(/[ \t\v\f\r]+/).filter(Boolean)
  const comment = tokens.findIndex((token) => token.startsWith('#'))
  const live = comment < 0 ? tokens : tokens.slice(0, comment)
  const expanded = live.find((token) => token.includes('${') && !ours.has(token))
  if (expanded !== undefined) throw new Error(`iPXE would expand ${expanded}`)
  const statements: Statement[] = []
  let words: string[] = []
  for (const token of live) {
    if (token === '||' || token === '&&' || token === ';') {
      statements.push({ words, joint: token })
      words = []
    } else words.push(token)
  }
  return words.length > 0 ? [...statements, { words }] : statements
}

const ours: ReadonlySet<string> = new Set(['${platform}', '${buildarch}', '${chosen}'])
