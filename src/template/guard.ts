import { wrong, type Place } from './complaint.ts'

const longestText = 256 * 1024
const longestTag = 2000
const mostTags = 2000
const deepest = 50

/**
 * Refuses a text that Handlebars would read and compile for minutes (its cost grows by the square of the depth), before it sees it.
 * One walk over the tags, linear in the text.
 */
export function guard(text: string, source: string): void {
  const at = (offset: number): Place => ({ source, line: lineOf(text, offset) })
  if (text.length > longestText) throw wrong('the template is larger than 256 KiB', 'split it into parts', at(0))
  const open: number[] = []
  let tags = 0
  let depth = 0
  for (let begin = text.indexOf('{{'); begin >= 0;) {
    const end = endOf(text, begin)
    if (end < 0)
      throw wrong('a {{ has no }}', 'every {{ needs its }}; write \\{{ for the two braces themselves', at(begin))
    if (text.startsWith('{{{{', begin))
      throw wrong('{{{{raw}}}} blocks are not known here', 'write \\{{ for the braces themselves', at(begin))
    const tag = isComment(text, begin) ? '' : text.slice(begin, end)
    if (tag.length > longestTag)
      throw wrong(`a tag is longer than ${longestTag} characters`, 'is its }} missing?', at(begin))
    tags += 1
    if (tags > mostTags) throw wrong(`the template has more than ${mostTags} tags`, 'split it into parts', at(begin))
    depth += deeper(tag, open)
    if (depth > deepest) throw wrong(`more than ${deepest} blocks stand in each other`, 'split the template', at(begin))
    begin = text.indexOf('{{', end)
  }
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/** By how much a tag makes the nesting deeper; an `{{else if}}` counts until its block ends. `open` holds one number for each block. */
function deeper(tag: string, open: number[]): number {
  if (/^\{\{~?[#^]/.test(tag) && !/^\{\{~?\^~?\}/.test(tag)) {
    open.push(1)
    return 1
  }
  if (/^\{\{~?\s*else\s+[^\s~}]/.test(tag) && open.length > 0) {
    open[open.length - 1]! += 1
    return 1
  }
  return /^\{\{~?\//.test(tag) ? -(open.pop() ?? 0) : 0
}

function isComment(text: string, begin: number): boolean {
  return text.startsWith('{{!', begin) || text.startsWith('{{~!', begin)
}

/** Behind the tag that begins there, or behind an escaped `\{{`; -1 when it has no end. */
function endOf(text: string, begin: number): number {
  if (text[begin - 1] === '\\' && text[begin - 2] !== '\\') return begin + 2
  const long = /^\{\{~?!--/.test(text.slice(begin, begin + 6))
  const close = text.indexOf(long ? '--' : '}}', begin + (long ? 6 : 2))
  const end = close < 0 || !long ? close : text.indexOf('}}', close)
  return end < 0 ? -1 : end + 2
}
