import { expect, test } from 'vitest'
import { parseCidr } from '../../src/net/ipv4.ts'
import { draftOf } from '../../src/config/draft.ts'
import { formatServer } from '../../src/config/export.ts'
import { completedAddress, formatRsyncConf, readRsyncLog } from '../../src/systemimager/rsync-conf.ts'

const conf = {
  listen: '0.0.0.0',
  port: 873,
  allow: [parseCidr('10.77.0.0/24')],
  lock: '/data/lock',
  log: '/data/log',
  modules: [],
}

test('modules are read only, for the networks that are named, and for nobody else', () => {
  const text = formatRsyncConf({
    ...conf,
    modules: [{ name: 'porter', path: '/data/trees/porter', comment: 'an image' }],
  })
  expect(text).toContain('read only = yes\n')
  expect(text).toContain('hosts allow = 10.77.0.0/24\nhosts deny = *\n')
  expect(text).toContain('[porter]\ncomment = an image\npath = /data/trees/porter\n')
})

test.each(['/data\n[root]\npath = /', '/data/%HOME%', '/data ', '/da#ta'])(
  'the path %j stands in no rsyncd.conf',
  (lock) => {
    expect(() => formatRsyncConf({ ...conf, lock })).toThrow(/cannot hold the path/)
  },
)

test.each([
  ['rsync: {}', 'nobody is allowed'],
  ['rsync: { allow: [] }', 'nobody is allowed'],
  ['rsync: { allow: [0.0.0.0/0] }', 'everybody is allowed'],
])('%s is refused, because images hold password hashes', (text, message) => {
  const { problems } = draftOf({ file: 'birnam.yaml', text: `systemimager: { ${text} }\n`, digest: '' })
  expect(problems).toMatchObject([
    { field: 'systemimager.rsync.allow', message, hint: expect.stringContaining('password hashes') as string },
  ])
})

test('what birnam.yaml says of SystemImager is exported as it was read', () => {
  const text =
    'systemimager:\n  monitor: true\n  rsync:\n    listen: 10.77.0.1\n    port: 873\n    allow:\n      - 10.77.0.0/24\n'
  const { server } = draftOf({ file: 'birnam.yaml', text, digest: '' })
  expect(formatServer({ server: server!, vars: {} })).toBe(text)
})

const said = (rest: string): ReturnType<typeof readRsyncLog> => readRsyncLog(`2026/11/23 17:07:42 [29824] ${rest}`)

test('the daemon’s log tells who asked for what; the address is the daemon’s, whatever the client writes into a name', () => {
  expect(said('rsyncd version 3.5.0 starting, listening on port 873')).toEqual({ kind: 'listening' })
  expect(said('rsync on scripts/imaging_complete_10.77.0.11 from UNDETERMINED (10.77.0.11)')).toEqual({
    kind: 'asked',
    path: 'scripts/imaging_complete_10.77.0.11',
    peer: '10.77.0.11',
  })
  expect(said('rsync on scripts/a from x (1.2.3.4) from UNDETERMINED (10.77.0.9)')).toMatchObject({
    path: 'scripts/a from x (1.2.3.4)',
    peer: '10.77.0.9',
  })
  expect(said('rsync denied on module porter from UNDETERMINED (10.77.0.66)')).toEqual({
    kind: 'denied',
    peer: '10.77.0.66',
  })
  expect([said('building file list'), readRsyncLog('rsync on scripts/x from y (1.2.3.4)')]).toEqual([
    undefined,
    undefined,
  ])
})

test.each([
  ['scripts/imaging_complete_10.77.0.11', '10.77.0.11'],
  ['porter/imaging_complete_10.77.0.11', undefined],
  ['scripts/imaging_complete_10.77.0.11/..', undefined],
  ['scripts/imaging_complete_', undefined],
])('%s says that %s is complete', (path, address) => {
  expect(completedAddress(path)).toBe(address)
})
