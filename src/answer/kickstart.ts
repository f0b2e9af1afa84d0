import type { AnswerProblem, Family } from './family.ts'

/**
 * Anaconda (RHEL, its rebuilds, Fedora). Names without `inst.` do nothing since RHEL 9; `inst.ks.sendmac` and `inst.ks.sendsn` make it name
 * itself in headers.
 */
export const kickstart: Family = {
  name: 'kickstart',
  type: 'text/plain; charset=utf-8',
  installArgs({ tree }, { answer }) {
    const repo = tree === undefined ? [] : [`inst.repo=${tree}`]
    return answer ? [`inst.ks=${answer.url}`, 'inst.ks.sendmac', 'inst.ks.sendsn', ...repo] : repo
  },
  check: checkKickstart,
}

const sections = /^%(pre-install|pre|post|onerror|traceback|packages|addon|certificate|anaconda)\b/
/** Commands that are gone, and since which major version of EL. */
const removed: Readonly<Record<string, number>> = {
  install: 9,
  auth: 10,
  authconfig: 9,
  btrfs: 8,
  deviceprobe: 8,
  interactive: 8,
  upgrade: 8,
}

function checkKickstart(text: string, version: string): readonly AnswerProblem[] {
  const problems: AnswerProblem[] = []
  const say = (line: number, message: string, severity: AnswerProblem['severity'] = 'error'): void =>
    void problems.push({ line, severity, message })
  const commands = new Map<string, number>()
  let open: { readonly name: string; readonly line: number } | undefined
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1
    const section = sections.exec(raw)
    if (section) {
      if (open) say(line, `%${section[1]} begins before the %end of ${open.name}, line ${open.line}`)
      open = { name: `%${section[1]}`, line }
    } else if (raw.trim() === '%end') {
      if (!open) say(line, '%end without a section')
      open = undefined
    } else if (!open && raw.trim() !== '' && !raw.startsWith('#') && !raw.startsWith('%')) {
      checkCommand(raw, line, Number(version), commands, say)
    }
  }
  if (open) say(open.line, `${open.name} has no %end`)
  if (!commands.has('rootpw') && !commands.has('user') && !commands.has('sshkey'))
    say(1, 'nobody could log in: no rootpw, user or sshkey', 'warning')
  if (!commands.has('clearpart') && !commands.has('autopart') && !/%include/.test(text))
    say(1, 'no disk is chosen: Anaconda will stop and ask', 'warning')
  return problems
}

function checkCommand(
  raw: string,
  line: number,
  version: number,
  commands: Map<string, number>,
  say: (line: number, message: string) => void,
): void {
  const command = raw.trim().split(/\s+/)[0]!
  commands.set(command, line)
  const since = removed[command]
  if (since !== undefined && version >= since && version < 30) say(line, `${command} is gone since version ${since}`)
  if (
    /^(rootpw|user|bootloader)\b/.test(command) &&
    /--password[= ]|^rootpw/.test(raw) &&
    !/--iscrypted|--lock\b/.test(raw)
  ) {
    say(line, `${command} holds a password in clear text: use a hash and --iscrypted`)
  }
}
