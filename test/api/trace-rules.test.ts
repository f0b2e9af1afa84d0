import { expect, test } from 'vitest'
import { lastTry } from '../../src/api/trace/boot-of.ts'
import type { Known } from '../../src/api/trace/facts.ts'
import { retell } from '../../src/api/trace/trace.ts'
import type { Permit } from '../../src/machine/permit.ts'
import type { StoredEvent } from '../../src/journal/journal.ts'

type Told = readonly [type: string, detail?: StoredEvent['detail']]

const began = 1_700_000_000_000
const session = `525400770001-${began.toString(36)}-${'0'.repeat(20)}`

function events(told: readonly Told[], own: string | undefined = session): StoredEvent[] {
  return told.map(([type, detail], at) => ({
    id: at + 1,
    at: began + at * 1000,
    type,
    machine: 'duncan',
    mac: '52:54:00:77:00:01',
    ...(own !== undefined && { session: own }),
    ...(detail && { detail }),
  }))
}

function known(change: Partial<Known> = {}): Known {
  return { now: Infinity, underway: [], macs: ['52:54:00:77:00:01'], ...change }
}

const rom: Told = ['dhcp.discover', { asker: 'firmware', arch: 7 }]
const offer: Told = ['dhcp.offer', { asker: 'firmware', arch: 7, file: 's/x/shimx64.efi', next: '10.77.0.1' }]
const ack: Told = ['dhcp.ack', { asker: 'firmware', arch: 7, file: 's/x/shimx64.efi', address: '10.77.0.11' }]
const web: Told = ['dhcp.ack', { asker: 'ipxe', file: 'http://10.77.0.1:8080/boot.ipxe', address: '10.77.0.11' }]
const loader: Told = ['file.sent', { name: 'shimx64.efi', stage: 'loader' }]
const menu: Told = ['menu.given', { plan: 'image', files: 1, loader: 'ipxe' }]
const kernel: Told = ['file.sent', { name: 'boot/vmlinuz', stage: 'kernel' }]

test.each<[string, readonly Told[], Partial<Known>, RegExp]>([
  [
    'a refused address',
    [rom, ['dhcp.nak', { address: '10.9.0.3', why: 'wrong network' }]],
    {},
    /10\.9\.0\.3 and was refused it: wrong network/,
  ],
  [
    'a silence of ours',
    [rom, ['dhcp.silent', { why: 'strangers are ignored' }]],
    {},
    /let it be: strangers are ignored/,
  ],
  [
    'another message thrown away',
    [rom, ['dhcp.dropped', { why: 'option size' }]],
    {},
    /thrown away by this server: option size/,
  ],
  [
    'a network of no subnet',
    [rom, ['dhcp.dropped', { why: 'unknown network', interface: 'eth7' }]],
    {},
    /its interface eth7 is in none of the subnets/,
  ],
  [
    'the same over IPv6',
    [['dhcp6.solicit'], ['dhcp6.dropped', { why: 'unknown network', relay: '2001:db8::1' }]],
    {},
    /relay 2001:db8::1 is in none/,
  ],
  [
    'no address over IPv6',
    [['dhcp6.solicit'], ['dhcp6.advertise', { why: 'no address is free' }]],
    {},
    /no free address left/,
  ],
  [
    'an address in use over IPv6',
    [
      ['dhcp6.reply', { address: '2001:db8::9' }],
      ['dhcp6.decline', { address: '2001:db8::9' }],
    ],
    {},
    /found 2001:db8::9 in use/,
  ],
  [
    'TLS',
    [rom, offer, ack, ['https.failed', { why: 'it does not know the certificate' }]],
    {},
    /does not know the certificate/,
  ],
  ['another port than 80', [web], {}, /never connected: TCP port 8080 is blocked/],
  [
    'a connection that asks for nothing',
    [web],
    { connected: () => true },
    /connected to TCP port 8080 and fetched nothing/,
  ],
  [
    'a script that does not render',
    [ack, loader, menu, kernel, ['script.failed', { why: 'layouts/a.yaml:3: no' }]],
    {},
    /layouts\/a\.yaml:3: no/,
  ],
  [
    'a file that cannot be read',
    [ack, ['file.failed', { name: 'shimx64.efi', why: 'EACCES' }]],
    {},
    /could not read shimx64\.efi: EACCES/,
  ],
  [
    'a server that was stopped',
    [
      ack,
      loader,
      menu,
      ['file.aborted', { name: 'boot/vmlinuz', bytes: 1024, size: 4096, why: 'this server was stopped' }],
    ],
    {},
    /ended after 1 of 4 KiB: this server was stopped/,
  ],
  [
    'a file whose last packet nobody acknowledged',
    [
      ack,
      ['file.timeout', { name: 'shimx64.efi', bytes: 9, size: 10, why: 'all was sent, but its last ACK never came' }],
    ],
    {},
    /all of shimx64\.efi was sent/,
  ],
  [
    'an install that said nothing',
    [ack, loader, menu, kernel, ['install.failed', { why: 'it did not say done in time' }]],
    {},
    /did not say done in time/,
  ],
])('%s is its own sentence', (_, told, more, sentence) => {
  const { missing } = retell('duncan', events(told), known(more))
  expect(missing?.cause).toMatch(sentence)
  expect(missing?.usual).toBeUndefined()
})

test.each<[string, readonly Told[], string]>([
  ['nothing was offered', [rom], 'this server heard it and made it no offer'],
  ['something was offered', [rom, offer], 'the offer did not reach the machine'],
])('a usual cause does not contradict what is known: %s', (_, told, cause) => {
  expect(retell('duncan', events(told), known()).missing).toMatchObject({
    usual: true,
    cause: expect.stringContaining(cause) as unknown,
  })
})

test('what follows from silence is said after a moment of it', () => {
  const told = events([rom, offer, ack, loader])
  const after = (milliseconds: number): ReturnType<typeof retell> =>
    retell('duncan', told, known({ now: told.at(-1)!.at + milliseconds }))
  expect(after(1000).going).toBe('It is under way: file.sent was 1 s ago, next comes the menu')
  expect(after(4000).missing?.cause).toMatch(/with Secure Boot on/)
})

test('a file on its way goes before what went wrong before it', () => {
  const broken: Told = ['file.aborted', { name: 'boot/vmlinuz', bytes: 10, size: 4096 }]
  const fetching = { carrier: 'http', name: 'boot/vmlinuz', bytes: 2048, size: 4096, milliseconds: 2000 } as const
  const { going } = retell('duncan', events([ack, loader, menu, broken]), known({ underway: [fetching] }))
  expect(going).toBe('It is fetching boot/vmlinuz: 2 of 4 KiB, for 2 s')
})

test('the last try begins where firmware comes again, not where its loader asks', () => {
  const ipxe: Told = ['dhcp.discover', { asker: 'ipxe', arch: 7 }]
  const system: Told = ['dhcp.discover', { asker: 'os' }]
  const types = (told: readonly Told[]): number => lastTry(events(told)).length
  expect(types([rom, offer, ack, loader, ipxe, offer, ack])).toBe(7)
  expect(types([rom, offer, ack, loader, rom, offer])).toBe(2)
  expect(types([rom, rom, offer])).toBe(3)
  expect(types([rom, ['dhcp.discover', { asker: 'firmware', arch: 0 }], offer])).toBe(2)
  expect(types([rom, offer, ack, loader, menu, kernel, system, ack])).toBe(8)
})

const permit = {
  id: 'p1',
  machine: 'duncan',
  target: 'db',
  by: 'malcolm',
  createdAt: began + 60_000,
  expiresAt: began + 86_400_000,
  state: 'armed',
} as Permit

test.each<[string, Permit, readonly Told[], RegExp]>([
  ['nothing was heard of', permit, [], /^Armed since .* not seen in PXE since; boot it from the network/],
  ['runs on', permit, [['dhcp.request', { asker: 'os' }]], /has not been started again: reset it into PXE/],
  ['was started from its disk', permit, [['dhcp.discover', { asker: 'os' }]], /so it was started from its disk/],
  ['expired', { ...permit, state: 'expired' }, [], /^Armed at .*, and the permit expired before it came/],
])('a permit whose machine did not come: %s', (_, armed, told, sentence) => {
  const later = events(told, undefined).map((event) => ({ ...event, at: event.at + 3_600_000 }))
  const { notes } = retell('duncan', events([rom, offer, ack]), known({ permit: armed, later }))
  expect(notes[0]).toMatch(sentence)
})
