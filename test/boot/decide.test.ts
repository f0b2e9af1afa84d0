import { expect, test } from 'vitest'
import { ask } from '../../src/boot/ask.ts'
import { Registry } from '../../src/machine/registry.ts'
import { decide, type Facts } from '../../src/boot/decide.ts'
import type { Permit } from '../../src/machine/permit.ts'
import { hardwareOf } from '../../src/machine/hardware.ts'
import { parseMac } from '../../src/net/mac.ts'
import { aMachine, aProfile, aSite } from '../site.ts'

const now = 1_000_000
const duncan = aMachine('duncan')
const install = aProfile('web', 'install')
const armed: Permit = {
  id: 'p1',
  machine: 'duncan',
  target: 'web',
  kind: 'install',
  content: 'c1',
  by: 'mac',
  createdAt: now,
  expiresAt: now + 1000,
  state: 'armed',
}
const contents = { of: () => 'c1' }
const facts = (change: Partial<Facts>): Facts => ({
  strangers: 'local',
  machine: duncan,
  content: 'c1',
  now,
  ...change,
})

test('a live machine boots its kernel at every boot, with or without a session', () => {
  const live = aProfile('probe', 'live')
  expect(decide(facts({ profile: live })).do).toBe('live')
  expect(decide(facts({ profile: live, session: 's1' })).do).toBe('live')
})

test('an install without a permit boots the disk', () => {
  expect(decide(facts({ profile: install, session: 's1' }))).toEqual({
    do: 'local',
    why: 'duncan has no permit to be installed',
  })
})

test('an armed permit installs, under the name of a session only', () => {
  expect(decide(facts({ profile: install, permit: armed, session: 's1' })).do).toBe('install')
  expect(decide(facts({ profile: install, permit: armed })).do).toBe('local')
})

test('a claimed permit is for its own session alone', () => {
  const permit: Permit = { ...armed, state: 'claimed', session: 's1', claimedAt: now }
  expect(decide(facts({ profile: install, permit, session: 's1' })).do).toBe('install')
  expect(decide(facts({ profile: install, permit, session: 's2' }))).toEqual({
    do: 'local',
    why: 'permit p1 is claimed by boot session s1',
  })
})

test.each(['used', 'failed', 'withdrawn', 'expired'] as const)('a permit that is %s never installs', (state) => {
  const permit: Permit = { ...armed, state, session: 's1' }
  expect(decide(facts({ profile: install, permit, session: 's1' })).do).toBe('local')
})

test('an armed permit whose time is over does not install, even before anybody closed it', () => {
  expect(decide(facts({ profile: install, permit: armed, session: 's1', now: armed.expiresAt })).do).toBe('local')
})

test('a permit for another profile than the site has now does not install', () => {
  const permit = { ...armed, target: 'db' }
  expect(decide(facts({ profile: install, permit, session: 's1' }))).toEqual({
    do: 'local',
    why: 'permit p1 allows db, but the profile is web now',
  })
})

test('strangers are ignored, sent to their disk, or given a live profile; never installed', () => {
  const { machine: _, ...nobody } = facts({})
  expect(decide({ ...nobody, strangers: 'ignore' }).do).toBe('ignore')
  expect(decide({ ...nobody, strangers: 'local' }).do).toBe('local')
  expect(decide({ ...nobody, strangers: { profile: 'probe' }, profile: aProfile('probe', 'live') }).do).toBe('live')
  expect(decide({ ...nobody, strangers: { profile: 'web' }, profile: install, permit: armed, session: 's1' }).do).toBe(
    'local',
  )
})

test('a golden image goes by the same permit, which names its very version', () => {
  const profile = aProfile('web', 'image')
  const permit = { ...armed, kind: 'image' as const, image: `porter:13@sha256:${'0'.repeat(64)}` }
  expect(decide(facts({ profile, session: 's1' })).do).toBe('local')
  expect(decide(facts({ profile, permit }))).toMatchObject({ do: 'local' })
  expect(decide(facts({ profile, permit, session: 's1' }))).toMatchObject({ do: 'image', permit })
})

test('a permit for another image than the profile has now does not wipe', () => {
  const profile = aProfile('web', 'image')
  const permit = { ...armed, image: 'banquo:1' }
  expect(decide(facts({ profile, permit, session: 's1' }))).toEqual({
    do: 'local',
    why: 'permit p1 allows banquo:1, but the image is porter:13 now',
  })
  expect(decide(facts({ profile, permit: armed, session: 's1' })).do).toBe('local')
})

test('a permit is for the hardware that it was made for: when the name means another one, the disk boots', () => {
  const permit = { ...armed, hardware: hardwareOf(duncan) }
  expect(decide(facts({ profile: install, permit, session: 's1' })).do).toBe('install')
  const other = aMachine('duncan', { macs: [parseMac('52:54:00:77:00:99')] })
  expect(decide(facts({ machine: other, profile: install, permit, session: 's1' }))).toEqual({
    do: 'local',
    why: 'permit p1 was made for 52:54:00:77:00:01, but duncan is 52:54:00:77:00:99 now',
  })
  const more = aMachine('duncan', { macs: [...duncan.macs, parseMac('52:54:00:77:00:99')] })
  expect(decide(facts({ machine: more, profile: install, permit, session: 's1' })).do).toBe('local')
})

test('who may boot as a machine, and yet is in doubt, is never installed', () => {
  const doubt = 'other hardware hangs on that port'
  expect(decide(facts({ profile: install, permit: armed, session: 's1', doubt }))).toEqual({
    do: 'local',
    why: 'permit p1 was made for 52:54:00:77:00:01, but other hardware hangs on that port',
  })
  const live = aProfile('probe', 'live')
  expect(decide(facts({ profile: live, doubt })).do).toBe('live')
})

const uuid = '4c4c4544-0042-3510-8052-b4c04f4e3732'
const foreign = parseMac('02:66:66:66:66:77')

test.each([
  ['its UUID', { uuid }],
  ['its serial number', { serial: 'CZ1234567' }],
])(
  'a machine that names MAC addresses is wiped by those alone: a foreign card that says %s boots the disk',
  (_, said) => {
    const machine = aMachine('duncan', { uuid, serial: 'CZ1234567', profile: 'web' })
    const registry = new Registry(aSite({ machines: [machine], profiles: [install] }))
    const permits = { of: () => armed }
    const plan = (evidence: object): unknown =>
      ask(
        { registry, contents, permits },
        { door: 'dhcp', asker: 'firmware', session: 's1', ...said, ...evidence },
        now,
      ).plan
    expect(plan({ mac: machine.macs[0]! })).toMatchObject({ do: 'install' })
    const why = (who: string): string =>
      `permit p1 was made for 52:54:00:77:00:01 ${uuid} CZ1234567, but ${who} asks, and a machine that names MAC addresses is wiped by those alone`
    expect(plan({ mac: foreign })).toEqual({ do: 'local', why: why('02:66:66:66:66:77') })
    expect(plan({})).toEqual({ do: 'local', why: why('a card that does not say its MAC address') })
  },
)

test('any of the cards that a machine names may ask for its install', () => {
  const machine = aMachine('duncan', { macs: [...duncan.macs, foreign], uuid, profile: 'web' })
  const registry = new Registry(aSite({ machines: [machine], profiles: [install] }))
  const client = { door: 'dhcp', asker: 'firmware', session: 's1', mac: foreign } as const
  expect(ask({ registry, contents, permits: { of: () => armed } }, client, now).plan.do).toBe('install')
})

test('a permit asks whether it is the hardware, or only hangs where the hardware should', () => {
  const relay = { circuit: '07' }
  const port = { macs: [], relay, profile: 'web' }
  const site = aSite({ machines: [aMachine('duncan', { relay, profile: 'web' })], profiles: [install] })
  const bare = aSite({ machines: [aMachine('duncan', port)], profiles: [install] })
  const did = (where: typeof site, mac: string): string => {
    const registry = new Registry(where)
    const [machine] = where.machines
    const permits = { of: () => ({ ...armed, hardware: hardwareOf(machine!) }) }
    const client = { door: 'dhcp', asker: 'firmware', mac: parseMac(mac), relay, session: 's1' } as const
    return ask({ registry, contents, permits }, client, now).plan.do
  }
  expect(did(site, '52:54:00:77:00:01')).toBe('install')
  expect(did(site, '52:54:00:77:00:99')).toBe('local')
  // The port is all that this site names.
  expect(did(bare, '52:54:00:77:00:99')).toBe('install')
})

test('a permit of a port is not one of another port', () => {
  const permit = { ...armed, hardware: hardwareOf({ macs: [], relay: { circuit: '08' } }) }
  const machine = aMachine('duncan', { macs: [], relay: { circuit: '07' } })
  expect(decide(facts({ machine, profile: install, permit, session: 's1' })).why).toBe(
    'permit p1 was made for circuit 08, but duncan is circuit 07 now',
  )
})

test('a permit of an older version, which does not say what it allows, allows nothing', () => {
  const { content: _, ...old } = armed
  expect(decide(facts({ profile: install, permit: old, session: 's1' }))).toEqual({
    do: 'local',
    why: 'permit p1 was made by an older version and does not say what it allows: birnam reinstall duncan allows what it is now',
  })
})

test('what a profile says is unknown: that is no agreement', () => {
  const { content: _, ...unknown } = facts({ profile: install, permit: armed, session: 's1' })
  expect(decide(unknown).do).toBe('local')
})
