import { checkPasswords, clearText, isClear, readCloudConfig } from './cloud-config.ts'
import { problemsOf, type Family, type Say } from './family.ts'
import { nocloudParts, nocloudWord } from './nocloud.ts'
import { isMapping, listOf, type Mapping, type Yaml } from './yaml-lines.ts'

/**
 * Ubuntu's installer of the live server (subiquity), which cloud-init hands its settings to. Its whole ISO is fetched by the initrd:
 * `tree` of the distro is its URL.
 */
export const autoinstall: Family = {
  name: 'autoinstall',
  type: 'text/plain; charset=utf-8',
  installArgs({ tree, version }, { answer }) {
    // Without the word autoinstall it asks a person before it wipes.
    const seed = answer ? ['autoinstall', nocloudWord(answer.url, Number(version) < 24)] : []
    return [...liveMedium(tree), ...seed]
  },
  liveArgs({ tree, version }, { answer }) {
    return [...liveMedium(tree), ...(answer ? [nocloudWord(answer.url, Number(version) < 24)] : [])]
  },
  parts: nocloudParts,
  check: (text) => problemsOf((say) => checkAutoinstall(text, say)),
}

/** cloud-init takes `url=` for its own and fetches the ISO as well, unless it is given another (canonical/cloud-init#3893). */
function liveMedium(iso: string | undefined): readonly string[] {
  return iso === undefined ? [] : ['ip=dhcp', `url=${iso}`, 'cloud-config-url=/dev/null']
}

/** The autoinstall reference, up to Ubuntu 26.04. */
const known = new Set(
  'version interactive-sections early-commands locale refresh-installer keyboard source network proxy apt storage identity active-directory ubuntu-pro ssh codecs drivers oem snaps debconf-selections packages kernel kernel-crash-dumps timezone updates shutdown late-commands error-commands reporting user-data zdevs'.split(
    ' ',
  ),
)

function checkAutoinstall(text: string, say: Say): void {
  const read = readCloudConfig(text, say)
  if (!read) return
  const { yaml, top } = read
  const { autoinstall: section } = top
  if (!isMapping(section)) return say(1, 'there is no autoinstall: the installer would ask its questions')
  const at = (...path: readonly (string | number)[]): number => yaml.lineOf('autoinstall', ...path)
  if (section['version'] !== 1) say(at('version'), 'autoinstall needs version: 1')
  for (const key of Object.keys(section)) if (!known.has(key)) say(at(key), `autoinstall knows no ${key}`, 'warning')
  for (const key of ['early-commands', 'late-commands', 'error-commands']) checkCommands(section, key, at, say)
  checkIdentity(yaml, section, at, say)
  if (!isMapping(section['storage']))
    say(at(), 'no disk is chosen: the installer takes the largest one and wipes it', 'warning')
  if (listOf(section['interactive-sections']).length > 0)
    say(at('interactive-sections'), 'interactive-sections wait for a person', 'warning')
  if (!listOf(section['late-commands']).some(reports))
    say(at('late-commands'), 'nothing tells this server of the end: the permit would run out', 'warning')
}

/** Whether a command holds the URL of reports, plainly or in base64. */
function reports(command: unknown): boolean {
  const text = String(command)
  const hidden = [...text.matchAll(/[A-Za-z0-9+/]{60,}={0,2}/g)].map(([code]) => Buffer.from(code, 'base64').toString())
  return [text, ...hidden].some((one) => one.includes('/r/'))
}

type At = (...path: readonly (string | number)[]) => number

function checkCommands(section: Mapping, key: string, at: At, say: Say): void {
  const value = section[key]
  if (value === undefined) return
  if (!Array.isArray(value)) return say(at(key), `${key} must be a list`)
  for (const [index, command] of value.entries()) {
    const words = listOf(command)
    if (typeof command === 'string' || (words.length > 0 && words.every((word) => typeof word === 'string'))) continue
    say(at(key, index), `a command of ${key} is a text or a list of texts; quote it`)
  }
}

function checkIdentity(yaml: Yaml, section: Mapping, at: At, say: Say): void {
  const { identity, 'user-data': userData, ssh } = section
  if (!isMapping(identity) && !isMapping(userData))
    return say(at(), 'neither identity nor user-data is given: the installer stops')
  if (isMapping(identity)) {
    for (const key of ['hostname', 'username', 'password'])
      if (typeof identity[key] !== 'string') say(at('identity', key), `identity needs ${key}, a text`)
    if (isClear(identity['password'])) say(at('identity', 'password'), `password ${clearText}`)
  }
  if (isMapping(userData)) checkPasswords(yaml, userData, ['autoinstall', 'user-data'], say)
  if (isMapping(ssh) && ssh['install-server'] !== true)
    say(at('ssh'), 'no SSH server is installed: set install-server: true', 'warning')
}
