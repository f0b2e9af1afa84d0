import { isClear } from './cloud-config.ts'
import type { Say } from './family.ts'
import { isMapping, listOf, type Mapping, type Yaml } from './yaml-lines.ts'

type Path = readonly (string | number)[]

const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/
const secretWord = /(?:^|[._\s=-])(?:pass(?:word|wd|phrase)?|token|secret|api[_-]?key|auth[_-]?key)\s*=\s*\S/i
const inUrl = /^[a-z][a-z\d+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/i

/** Secrets where others than their reader find them: each with its line, and with what to write instead. */
export function checkSecrets(yaml: Yaml, say: Say): void {
  const wrong = (path: Path, why: string): undefined => say(yaml.lineOf(...path), why)
  for (const { path, item } of itemsAt(yaml, ['passwd', 'users'])) {
    if (isClear(item['password_hash']))
      wrong([...path, 'password_hash'], `${whose(item)}: password_hash is no hash: make one with mkpasswd -m sha-512`)
  }
  for (const { path, item } of itemsAt(yaml, ['storage', 'files'])) checkFile(path, item, wrong)
  for (const { path, item } of itemsAt(yaml, ['systemd', 'units'])) checkUnit(path, item, wrong)
  for (const [index, word] of listOf(at(yaml, ['kernel_arguments', 'should_exist'])).entries()) {
    if (secretWord.test(String(word)))
      wrong(
        ['kernel_arguments', 'should_exist', index],
        `the kernel argument ${String(word).split('=', 1)[0]}= holds a secret, and everybody on the machine reads /proc/cmdline: put it into a file with mode: 0600`,
      )
  }
}

type Wrong = (path: Path, why: string) => undefined

function checkFile(path: Path, file: Mapping, wrong: Wrong): void {
  // Without a mode Ignition makes files with 0644.
  const mode = typeof file['mode'] === 'number' ? file['mode'] : 0o644
  const parts = [
    { value: file['contents'], at: [...path, 'contents'] },
    ...listOf(file['append']).map((value, index) => ({ value, at: [...path, 'append', index] })),
  ]
  for (const { value, at: place } of parts) {
    if (!isMapping(value)) continue
    const { inline, source } = value
    if (typeof source === 'string' && inUrl.test(source))
      wrong(
        [...place, 'source'],
        `${whose(file)}: a password in a URL ends in logs: use http_headers, or serve it from here`,
      )
    if (typeof inline === 'string' && privateKey.test(inline) && (mode & 0o077) !== 0)
      wrong(
        [...place, 'inline'],
        `${whose(file)}: a private key that everybody on the machine may read: set mode: 0600`,
      )
  }
}

/** Units are files with 0644, and `systemctl cat` shows them to everybody. */
function checkUnit(path: Path, unit: Mapping, wrong: Wrong): void {
  const texts = [
    { text: unit['contents'], at: [...path, 'contents'] },
    ...listOf(unit['dropins']).map((dropin, index) => ({
      text: isMapping(dropin) ? dropin['contents'] : undefined,
      at: [...path, 'dropins', index, 'contents'],
    })),
  ]
  for (const { text, at: place } of texts) {
    if (typeof text !== 'string' || !(privateKey.test(text) || secretWord.test(text))) continue
    wrong(
      place,
      `${whose(unit)}: everybody on the machine reads units: put the secret into a file with mode: 0600 and name it with EnvironmentFile=`,
    )
  }
}

function whose({ name, path }: Mapping): string {
  return typeof name === 'string' ? name : typeof path === 'string' ? path : 'an item without a name'
}

function itemsAt(yaml: Yaml, path: readonly string[]): readonly { readonly path: Path; readonly item: Mapping }[] {
  return listOf(at(yaml, path)).flatMap((item, index) => (isMapping(item) ? [{ path: [...path, index], item }] : []))
}

function at({ value }: Yaml, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isMapping(inner) ? inner[key] : undefined), value)
}
