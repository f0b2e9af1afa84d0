import type { AnswerProblem, Family } from './family.ts'

/**
 * debian-installer. `auto=true` puts the questions off until the answer is there; the network questions must stand on the kernel line,
 * because a file that comes over the network comes too late for them.
 */
export const preseed: Family = {
  name: 'preseed',
  type: 'text/plain; charset=utf-8',
  installArgs(_distro, { answer, machine, network }) {
    const host = machine?.hostname === undefined ? [] : [`hostname=${machine.hostname}`]
    const domain = network?.domain === undefined ? [] : [`domain=${network.domain}`]
    return answer ? ['auto=true', 'priority=critical', 'interface=auto', ...host, ...domain, `url=${answer.url}`] : []
  },
  check: checkPreseed,
}

const types = new Set(['boolean', 'error', 'multiselect', 'note', 'password', 'select', 'string', 'text', 'title'])
const tooLate = new Set([
  'netcfg/choose_interface',
  'netcfg/disable_autoconfig',
  'netcfg/get_ipaddress',
  'netcfg/get_netmask',
  'netcfg/get_gateway',
])

/** One question a line: `owner question type value`, a backslash at the end joins the next one. */
function checkPreseed(text: string): readonly AnswerProblem[] {
  const problems: AnswerProblem[] = []
  const say = (line: number, message: string, severity: AnswerProblem['severity'] = 'error'): void =>
    void problems.push({ line, severity, message })
  for (const { line, content } of logicalLines(text)) checkQuestion(content, line, say)
  return problems
}

function checkQuestion(
  content: string,
  line: number,
  say: (line: number, message: string, severity?: AnswerProblem['severity']) => void,
): void {
  // debconf joins the lines before it looks for words, so a break may stand anywhere.
  const match = /^(\S+)\s+(\S+)\s+(\S+)(?:\s(.*))?$/s.exec(joinedLine(content))
  if (!match) return say(line, 'not a question: write owner, question, type and value')
  const [, , question = '', type = '', value = ''] = match
  if (question !== 'seen' && !types.has(type)) return say(line, `${type} is no type of question`)
  if (/^\s/.test(value)) say(line, 'more than one blank before the value: the blanks become part of it', 'warning')
  if (tooLate.has(question))
    say(line, `${question} comes too late in a file from the network: put it on the kernel line`, 'warning')
  if (/passwd\/(root|user)-password(-again)?$/.test(question) && value.trim() !== '') {
    say(line, `${question} holds a password in clear text: use ${question.replace(/-again$/, '')}-crypted`)
  }
}

/** One line, with one blank for each break and the blanks around it. */
function joinedLine(content: string): string {
  const parts = content.split('\\\n')
  return parts
    .map((part, index) => (index === 0 ? part : part.trimStart()))
    .map((part, index) => (index === parts.length - 1 ? part : part.trimEnd()))
    .join(' ')
}

function logicalLines(text: string): { line: number; content: string }[] {
  const lines: { line: number; content: string }[] = []
  let joined: { line: number; content: string } | undefined
  for (const [index, raw] of text.split('\n').entries()) {
    if (!joined && (raw.trim() === '' || raw.trimStart().startsWith('#'))) continue
    joined = joined ? { line: joined.line, content: `${joined.content}\n${raw}` } : { line: index + 1, content: raw }
    if (raw.endsWith('\\')) continue
    lines.push(joined)
    joined = undefined
  }
  return joined ? [...lines, joined] : lines
}
