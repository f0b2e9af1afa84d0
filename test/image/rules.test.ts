import { expect, test } from 'vitest'
import { judgeBy, rules, unknownRules, type Rule } from '../../src/image/rules.ts'

const judge = judgeBy({})

test.each([
  ['etc/machine-id', 'empty'],
  ['etc/machine-id.d', 'keep'],
  ['var/lib/dbus/machine-id', 'machine-id'],
  ['etc/ssh/ssh_host_ed25519_key', 'ssh-host-keys'],
  ['etc/ssh/ssh_host_ed25519_key.pub', 'ssh-host-keys'],
  ['etc/ssh/sshd_config', 'keep'],
  ['home/a/etc/ssh/ssh_host_rsa_key', 'keep'],
  ['tmp/a/b/c', 'tmp'],
  ['tmpfiles', 'keep'],
  ['proc/1/fd', 'kernel'],
  ['run', 'keep'],
  ['var/log/nginx/access.log', 'logs'],
  ['swapfile', 'swap'],
  ['boot/lost+found', 'lost-found'],
  ['boot/lost+found/#12', 'lost-found'],
  ['var/cache/apt/pkgcache.bin', 'package-cache'],
  ['var/lib/NetworkManager/eth0.lease', 'dhcp-leases'],
  ['var/lib/dhcp/dhclient.eth0.leases', 'dhcp-leases'],
  ['', 'keep'],
])('%s: %s', (path, verdict) => {
  const found = judge(path, false)
  expect(typeof found === 'string' ? found : found.rule).toBe(verdict)
})

test('directories stay: services do not make them again', () => {
  for (const path of ['tmp', 'var/log', 'var/log/nginx', 'var/cache/apt/archives', 'proc', 'run', 'var/lib/dhcp'])
    expect(judge(path, true)).toBe('keep')
})

test('patterns: a name anywhere, a path with all below, stars within a name and across names', () => {
  const own = judgeBy({
    exclude: ['*.bak', '/srv/scratch', 'home/*/.cache', 'data/**/tmp', 'node_modules', 'a.b', 'caf\u00e9'],
  })
  const out = [
    'x/y.bak',
    'y.bak/z',
    'srv/scratch',
    'srv/scratch/a',
    'home/a/.cache/b',
    'data/1/2/tmp',
    'p/node_modules/q',
    'x/a.b',
    'x/caf\xc3\xa9',
  ]
  const stay = ['y.bakery', 'srv/scratchy', 'home/a/b/.cache', 'srv', 'x/aab', 'new\nline']
  expect(out.filter((path) => own(path, false) === 'keep')).toEqual([])
  expect(stay.filter((path) => own(path, false) !== 'keep')).toEqual([])
})

test('every rule says why, in one line, and names no absolute path', () => {
  for (const [name, rule] of Object.entries<Rule>(rules)) {
    expect(name).toMatch(/^[a-z-]+$/)
    expect(rule.why).toMatch(/^.{10,120}$/)
    const paths = [rule.at, rule.in, rule.files, rule.named, rule.empty].flatMap((list) => list ?? [])
    expect(paths.length).toBeGreaterThan(0)
    expect(paths.filter((path) => path.startsWith('/') || path.endsWith('/'))).toEqual([])
  }
})

test('a rule that is kept does not count; one that nobody knows is told', () => {
  expect(judgeBy({ keep: ['tmp'] })('tmp/x', false)).toBe('keep')
  expect(unknownRules({ keep: ['tmp', 'nothing', 'own'], site: { own: { why: 'of the site', in: ['x'] } } })).toEqual([
    'nothing',
  ])
})
