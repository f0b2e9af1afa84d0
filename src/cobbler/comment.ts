/** How the reader of an answer is told not to read a line; `none` where it has no comments. */
export type Comments = 'hash' | 'xml' | 'none'

/** Which comments an answer can have, by how it begins. */
export function commentsOf(text: string): Comments {
  const begin = text
    .slice(0, 2000)
    .replaceAll(/^(?:#template=\S*|##[^\n]*|\{#[^]*?#\})\s*/gm, '')
    .trimStart()
  if (begin.startsWith('<')) return 'xml'
  return begin.startsWith('{') && !/^\{[{%#]/.test(begin) ? 'none' : 'hash'
}

export function commentOf(line: string, comments: Comments): string {
  if (comments === 'none') return ''
  return comments === 'xml' ? `<!-- ${line.trim().replaceAll('--', '- -').replace(/-$/, '- ')} -->` : `# ${line}`
}
