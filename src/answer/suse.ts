import { XMLValidator } from 'fast-xml-parser'
import { clearText, isClear } from './cloud-config.ts'
import { problemsOf, type Family, type Say } from './family.ts'
import { isMapping, listOf, readYaml, type Mapping } from './yaml-lines.ts'

/** SLES and Leap up to 15, Tumbleweed with YaST: linuxrc fetches the profile, `tree` is the installation medium. */
export const autoyast: Family = {
  name: 'autoyast',
  type: 'application/xml; charset=utf-8',
  installArgs({ tree }, { answer, machine }) {
    const medium = tree === undefined ? [] : [`install=${tree}`]
    const host = machine?.hostname === undefined ? [] : [`hostname=${machine.hostname}`]
    return answer ? [...medium, ...host, `autoyast=${answer.url}`] : medium
  },
  check: (text) => problemsOf((say) => checkAutoyast(text, say)),
}

/** SLES and Leap 16: the live system of the medium runs Agama, which goes by the end of the profile's name. */
export const agama: Family = {
  name: 'agama',
  type: 'application/json; charset=utf-8',
  installArgs({ tree }, { answer, vars }) {
    const medium = tree === undefined ? [] : [`root=live:${tree.replace(/\/$/, '')}/LiveOS/squashfs.img`, 'ip=dhcp']
    const end = vars?.['after_install'] === 'poweroff' ? ['inst.finish=poweroff'] : []
    return answer ? [...medium, `inst.auto=${answer.url}/profile.json`, ...end] : medium
  },
  parts: {
    'profile.json': { type: 'application/json; charset=utf-8', from: 'answer' },
    'profile.jsonnet': { type: 'text/plain; charset=utf-8', from: 'answer' },
  },
  check: (text) => problemsOf((say) => checkAgama(text, say)),
}

function checkAutoyast(text: string, say: Say): void {
  if (text.length > 1 << 20) return say(1, 'the answer is larger than 1 MiB')
  const valid = XMLValidator.validate(text)
  if (valid !== true) return say(valid.err.line, `no XML: ${valid.err.msg}`)
  if (/<!(?:DOCTYPE\s+(?!profile)|ENTITY)/.test(text)) say(1, 'AutoYaST needs no entities')
  const lines = text.split('\n')
  const lineOf = (pattern: RegExp): number => lines.findIndex((line) => pattern.test(line)) + 1
  if (!/<profile[\s>]/.test(text)) return say(1, 'there is no <profile>')
  for (const { line, value } of passwordsIn(lines))
    if (isClear(value)) say(line, `user_password ${clearText} and <encrypted>`)
  if (!text.includes('<partitioning')) say(1, 'no disk is chosen: YaST proposes one and wipes it', 'warning')
  if (!/<confirm[^<>]*>\s*false\s*</.test(text))
    say(
      Math.max(1, lineOf(/<confirm/)),
      'without <confirm> false in <mode> the installer waits for a person',
      'warning',
    )
}

function passwordsIn(lines: readonly string[]): readonly { readonly line: number; readonly value: string }[] {
  return lines.flatMap((text, index) => {
    const value = /<user_password>([^<]*)</.exec(text)?.[1]
    return value === undefined ? [] : [{ line: index + 1, value }]
  })
}

/** The schema of Agama (agama-project/agama, rust/share/profile.schema.json). */
const known = new Set(
  'access ntp l10n product bootloader hostname files security software network user root localization storage legacyAutoyastStorage scripts questions proxy iscsi dasd zfcp'.split(
    ' ',
  ),
)

/** A Jsonnet profile is a program: only its own tool reads it. */
function checkAgama(text: string, say: Say): void {
  if (!/^\s*\{\s*"/.test(text)) return isJsonnet(text) ? undefined : say(1, 'no profile: neither JSON nor Jsonnet')
  try {
    JSON.parse(text)
  } catch (error) {
    const offset = Number(/position (\d+)/.exec(String(error))?.[1] ?? 0)
    return say(
      text.slice(0, offset).split('\n').length,
      `no JSON: ${String(error)
        .replace(/^SyntaxError: /, '')
        .split('\n')[0]!
        .slice(0, 100)}`,
    )
  }
  const yaml = readYaml(text, say)
  if (!yaml || !isMapping(yaml.value)) return
  const { value: profile, lineOf } = yaml
  for (const key of Object.keys(profile)) if (!known.has(key)) say(lineOf(key), `Agama knows no ${key}`)
  if (!isMapping(profile['product'])) say(1, 'product is missing: Agama would ask which one', 'warning')
  if (profile['storage'] === undefined && profile['legacyAutoyastStorage'] === undefined)
    say(1, 'no disk is chosen: Agama takes one and wipes it', 'warning')
  for (const who of ['root', 'user']) checkPassword(profile[who], lineOf(who, 'password'), say)
  const { scripts } = profile
  if (!isMapping(scripts)) return
  for (const [stage, list] of Object.entries(scripts))
    for (const [index, script] of listOf(list).entries())
      if (!isMapping(script) || typeof script['name'] !== 'string')
        say(lineOf('scripts', stage, index), `a script of ${stage} needs a name`)
}

function isJsonnet(text: string): boolean {
  return /^(?:\s|\/\/.*\n|#.*\n|\/\*[^]*?\*\/)*(?:local\s|\{|import|function)/.test(text)
}

function checkPassword(login: unknown, line: number, say: Say): void {
  if (!isMapping(login)) return
  const { password, hashedPassword }: Mapping = login
  if (password !== undefined && (hashedPassword !== true || isClear(password)))
    say(line, `password ${clearText} and hashedPassword: true`)
}
