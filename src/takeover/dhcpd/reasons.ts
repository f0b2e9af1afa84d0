import { keyword, type Statement } from './file.ts'

/** `option routers`, `allow bootp`; else the first word. */
export function nameOf({ words }: Statement): string {
  const first = keyword(words)
  const next = words[1]
  return two.has(first) && next && !next.quoted && /^[\w.-]{1,60}$/.test(next.text)
    ? `${first} ${next.text.toLowerCase()}`
    : first
}

const two: ReadonlySet<string> = new Set(['option', 'allow', 'deny', 'ignore'])

/** Why it is not taken; undefined for what is the same here without being said. Values are never repeated: some are secret. */
export function reasonFor(statement: Statement): string | undefined {
  const name = nameOf(statement)
  const { words } = statement
  if (same.has(name) || (name === 'ddns-update-style' && words[1]?.text === 'none')) return undefined
  if (name === 'option space' || (name.startsWith('option ') && words[2]?.text === 'code'))
    return 'options have no names of their own here: write the number and its type under options:'
  const known = reasons[name] ?? (/^(?:ddns|update|do-forward)-/.test(name) ? reasons['zone'] : undefined)
  return (
    known ?? (name.startsWith('option ') ? 'it is not taken: write it under options:' : 'nothing here does the same')
  )
}

/** What Birnam does anyhow, and where the old program kept its own files. */
const same: ReadonlySet<string> = new Set([
  'authoritative',
  'log-facility',
  'pid-file-name',
  'lease-file-name',
  'use-host-decl-names',
  'option subnet-mask',
  'authoring-byte-order',
  'dynamic',
])

const boots = 'what a machine boots is its profile here, and Birnam names the file and the server'
const condition = 'conditions are not taken: Birnam itself tells loaders and architectures apart'
const noClass = 'there are no classes here: what a machine gets follows from its groups and its profile'
const identifier = 'machines are known by their MAC address, their UUID, or the port that they hang on'
const lease = 'leases are not taken: who renews one here keeps its address'

const reasons: Readonly<Record<string, string>> = {
  filename: boots,
  'next-server': boots,
  'server-name': boots,
  'option tftp-server-name': boots,
  'option bootfile-name': boots,
  'option vendor-class-identifier': boots,
  'max-lease-time': 'a lease has one length here, that of default-lease-time',
  'min-lease-time': 'a lease has one length here, that of default-lease-time',
  class: noClass,
  subclass: noClass,
  if: condition,
  elsif: condition,
  else: condition,
  switch: condition,
  key: 'a key for DNS or OMAPI, of which Birnam does neither; its secret was not copied',
  zone: 'Birnam writes no DNS',
  'omapi-port': 'there is no OMAPI: an edit of the site is in force within a second',
  'omapi-key': 'there is no OMAPI: an edit of the site is in force within a second',
  failover: 'there is no failover: stop both of the old servers before Birnam answers',
  subnet6: 'IPv6 is not taken: write dhcp6 in birnam.yaml',
  supersede: 'what a machine is told is that of its subnet here, and what it boots is its profile',
  lease,
  'server-duid': lease,
  'host-identifier': identifier,
  uid: identifier,
  'dhcp-client-identifier': identifier,
  'option dhcp-client-identifier': identifier,
  on: 'nothing runs at a lease here',
  execute: 'nothing runs at a lease here',
}
