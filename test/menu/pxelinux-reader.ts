/**
 * PXELINUX's own reading of a menu (readconfig.c): a keyword in any case, blanks, a value; `#` comments out a line. Directives
 * that Birnam never writes are an error, so nothing can slip in.
 */
export function readPxelinux(text: string): readonly (readonly [keyword: string, value: string])[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, keyword = '', value = ''] = /^\s*(\S*)\s*(.*?)\s*$/.exec(line)!
    if (keyword === '' || keyword.startsWith('#')) return []
    if (!directives.has(keyword)) throw new Error(`a directive nobody meant: ${keyword}`)
    return [[keyword, value]]
  })
}

const directives = new Set([
  'DEFAULT',
  'PROMPT',
  'TIMEOUT',
  'ONERROR',
  'SAY',
  'LABEL',
  'MENU',
  'KERNEL',
  'LINUX',
  'APPEND',
  'LOCALBOOT',
])
