/** Whether nobody on the way reads what is sent there: TLS, or this host itself. */
export function isUnheard({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || isLoopback(hostname)
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
}

/**
 * Whether a registry's password may be shown to the place that its challenge names (distribution, "Token Authentication": the realm is what
 * the answer says, and an answer can be forged): to its own host, or by TLS to its parent domain and what is below that, as
 * `registry.example.org` names `auth.example.org` and `registry.gitlab.com` names `gitlab.com`.
 */
export function isOwnRealm(realm: URL, registry: URL): boolean {
  if (!isUnheard(realm)) return false
  if (realm.hostname === registry.hostname) return true
  const parent = parentOf(registry.hostname)
  if (realm.protocol !== 'https:' || parent === undefined) return false
  return realm.hostname === parent || realm.hostname.endsWith(`.${parent}`)
}

/** Undefined where others may have names below it as well: a top domain, `co.uk`, or no name at all. */
function parentOf(hostname: string): string | undefined {
  const labels = hostname.split('.').slice(1)
  const [second = '', top = ''] = labels.slice(-2)
  if (labels.length < 2 || /^\d*$/.test(top)) return undefined
  if (labels.length === 2 && top.length === 2 && second.length <= 3) return undefined
  return labels.join('.')
}
