import type { Say } from './family.ts'
import { isMapping, listOf, readYaml, type Mapping, type Yaml } from './yaml-lines.ts'

/** What both readers of cloud-config need: the first line, and a map. */
export function readCloudConfig(text: string, say: Say): { readonly yaml: Yaml; readonly top: Mapping } | undefined {
  if (!/^#cloud-config\s*$/.test(text.split('\n', 1)[0]!))
    return say(1, 'the first line must be #cloud-config, or cloud-init takes no notice of the rest')
  const yaml = readYaml(text, say)
  if (!yaml) return undefined
  if (isMapping(yaml.value)) return { yaml, top: yaml.value }
  return say(1, 'nothing stands in it: a map of settings is needed')
}

/** Passwords that anybody could read who finds the answer in a log: cloud-init takes hashes everywhere. */
export function checkPasswords({ lineOf }: Yaml, top: Mapping, path: readonly string[], say: Say): void {
  if (isClear(top['password'])) say(lineOf(...path, 'password'), `password ${clearText}`)
  for (const [index, user] of listOf(top['users']).entries()) {
    if (!isMapping(user)) continue
    const at = [...path, 'users', index] as const
    if (user['plain_text_passwd'] !== undefined)
      say(lineOf(...at, 'plain_text_passwd'), `plain_text_passwd ${clearText}`)
    for (const key of ['passwd', 'hashed_passwd'])
      if (isClear(user[key])) say(lineOf(...at, key), `${key} ${clearText}`)
  }
  const chpasswd = top['chpasswd']
  if (isMapping(chpasswd)) checkChpasswd(chpasswd, lineOf(...path, 'chpasswd'), say)
}

export const clearText = 'holds a password in clear text: use a hash (mkpasswd -m sha-512)'

function checkChpasswd({ list, users }: Mapping, line: number, say: Say): void {
  const lines = typeof list === 'string' ? list.split('\n') : listOf(list).map(String)
  const clear = lines.some((one) => one.includes(':') && isClear(one.slice(one.indexOf(':') + 1)))
  const typed = listOf(users).some((user) => isMapping(user) && (user['type'] === 'text' || isClear(user['password'])))
  if (clear || typed) say(line, `chpasswd ${clearText}`)
}

/** Neither a hash of crypt(3) nor one of the marks of a locked account. */
export function isClear(value: unknown): boolean {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && text !== '' && !/^(?:[!*]+|!?\$(?:\w+)\$.+|R|RANDOM)$/.test(text)
}
