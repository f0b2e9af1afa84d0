import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { bootOf } from '../../src/api/trace/boot-of.ts'
import { stops } from '../../src/api/trace/steps.ts'
import { retell } from '../../src/api/trace/trace.ts'
import type { StoredEvent } from '../../src/journal/journal.ts'

type Told = readonly [type: string, detail?: StoredEvent['detail']]

const install: readonly Told[] = [
  ['dhcp.discover'],
  ['dhcp.offer'],
  ['dhcp.request'],
  ['dhcp.ack', { address: '10.77.0.11' }],
  ['file.sent', { name: 'pxelinux.0', stage: 'loader' }],
  ['file.sent', { name: 'ldlinux.c32', stage: 'loader' }],
  ['menu.given', { loader: 'pxelinux', plan: 'install', files: 2, answer: true }],
  ['file.sent', { name: 'boot/vmlinuz', stage: 'kernel' }],
  ['file.sent', { name: 'boot/initrd.gz', stage: 'kernel' }],
  ['answer.given', { template: 'answers/web.hbs' }],
  ['report.started'],
  ['report.progress', { step: 'disks', percent: 10 }],
  ['report.done'],
]

const id = (minute: number): string =>
  `525400770001-${(1_700_000_000_000 + minute * 60_000).toString(36)}-${'0'.repeat(20)}`

function events(told: readonly Told[], session: string | null = id(0), from = 1): StoredEvent[] {
  return told.map(([type, detail], at) => ({
    id: from + at,
    at: at * 1000,
    type,
    machine: 'duncan',
    ...(session !== null && { session }),
    ...(detail && { detail }),
  }))
}

const without = (...types: readonly string[]): readonly Told[] => install.filter(([type]) => !types.includes(type))
const upTo = (count: number): StoredEvent[] => events(install.slice(0, count))
const withPlan = (told: readonly Told[], detail: Record<string, string | number | boolean>): Told[] =>
  told.map(([type, before]) => (type === 'menu.given' ? [type, detail] : [type, before]))

describe('a boot that stopped is named by the step that did not come', () => {
  test.each([
    [0, 'DHCPDISCOVER', /the machine is off, boots its disk first/],
    [1, 'DHCPREQUEST: the machine takes the offer', /^this server heard it and made it no offer/],
    [2, 'DHCPREQUEST: the machine takes the offer', /VLAN.*or another DHCP server was faster/],
    [3, 'DHCPREQUEST: the machine takes the offer', /DHCP snooping/],
    [4, 'the first loader', /UDP port 69 is blocked/],
    [5, 'the menu', /a second network card/],
    [6, 'the menu', /spanning tree/],
    [7, 'the kernel', /its console says why/],
    [8, 'the initrd', /memory/],
    [9, 'the answer', /no driver for its network card/],
    [10, 'the report that it is done', /a question or an error on its console/],
    [11, 'the report that it is done', /console/],
    [12, 'the report that it is done', /console/],
  ])('after %i of its events: %s', (count, step, cause) => {
    const trace = retell('duncan', upTo(count))
    expect([trace.ended, trace.missing]).toEqual([
      false,
      { step, cause: expect.stringMatching(cause) as unknown, usual: true },
    ])
  })

  test('and none after all of them', () => {
    const trace = retell('duncan', upTo(install.length))
    expect([trace.ended, trace.missing, trace.session, trace.startedAt]).toEqual([true, undefined, id(0), 0])
  })
})

test('every step that can be missing has a cause, and both stand in docs/boot.md', () => {
  const page = readFileSync('docs/boot.md', 'utf8')
  const rows = [...page.matchAll(/^\| (.+?) \| (.+?) \|$/gm)].map(([, step, cause]) => `${step}: ${cause}`)
  expect(stops.filter(({ step, cause }) => !rows.includes(`${step}: ${cause}`))).toEqual([])
})

describe('a boot that came to its end', () => {
  test.each<[string, readonly Told[]]>([
    ['from the disk: with its menu', withPlan(install.slice(0, 7), { plan: 'local' })],
    ['live, without an answer: with its initrd', withPlan(install.slice(0, 9), { plan: 'live', files: 2 })],
    ['live, without an initrd: with its kernel', withPlan(install.slice(0, 8), { plan: 'live', files: 1 })],
    ['live, with an answer: with that', withPlan(install.slice(0, 10), { plan: 'live', files: 2, answer: true })],
    [
      'an iPXE script: no loader was sent',
      without('file.sent')
        .slice(0, 5)
        .map(() => ['dhcp.ack'] as const)
        .concat([['menu.given', { plan: 'local' }] as never]),
    ],
    ['an install', install],
    ['an install whose DHCP was somebody else’s', install.slice(4)],
    [
      'an install that failed and then came through',
      [...install.slice(0, 12), ['report.failed', { why: 'mirror' }], ['report.done']],
    ],
  ])('%s', (_, told) => {
    expect(retell('duncan', events(told))).toMatchObject({ ended: true })
  })

  test('not: live, its answer not asked for', () => {
    const told = withPlan(install.slice(0, 9), { plan: 'live', files: 2, answer: true })
    expect(retell('duncan', events(told)).missing?.step).toBe('the answer')
  })
})

describe('what was said of a stop comes before what it usually is', () => {
  test.each<[string, readonly Told[], string, string]>([
    [
      'another DHCP server',
      [['dhcp.discover'], ['dhcp.other-server', { server: '10.77.0.9' }]],
      'DHCPREQUEST',
      'another DHCP server gives addresses on this network',
    ],
    [
      'the server that was faster',
      [['dhcp.discover'], ['dhcp.other-server', { server: '10.77.0.9' }]],
      'DHCPREQUEST',
      'another DHCP server gives addresses on this network: 10.77.0.9',
    ],
    [
      'its card',
      [['dhcp.discover'], ['dhcp.other-server', { server: '10.77.0.9', serverMac: '52:54:00:aa:bb:cc' }]],
      'DHCPREQUEST',
      '10.77.0.9 (52:54:00:aa:bb:cc)',
    ],
    ['a proxy that nobody asks again', [['dhcp.discover'], ['dhcp.proxy-offer']], 'DHCPREQUEST', 'did not come for it'],
    ['a proxy whose file is not fetched', [['dhcp.proxy-offer'], ['dhcp.proxy-ack']], 'the first loader', 'port 69'],
    ['no free address', [['dhcp.discover'], ['dhcp.full']], 'DHCPREQUEST', 'no free address'],
    [
      'a menu that does not render',
      [...install.slice(0, 6), ['menu.failed', { why: 'fleet.yaml:7: vars.x has no value' }]],
      'the menu',
      'fleet.yaml:7: vars.x has no value',
    ],
    [
      'a kernel that is not there',
      [...install.slice(0, 7), ['file.missing', { name: 'boot/vmlinuz' }]],
      'the kernel',
      'boot/vmlinuz is not there',
    ],
    [
      'a kernel that broke off',
      [...install.slice(0, 7), ['file.timeout', { name: 'boot/vmlinuz' }]],
      'the kernel',
      'the machine fell silent in the middle of boot/vmlinuz',
    ],
    [
      'an initrd that cannot be read',
      [...install.slice(0, 8), ['file.failed', { name: 'boot/initrd.gz' }]],
      'the initrd',
      'this server could not read boot/initrd.gz',
    ],
    [
      'an answer that does not render',
      [...install.slice(0, 9), ['answer.failed', { why: 'web.hbs:3: no' }]],
      'the answer',
      'web.hbs:3: no',
    ],
    [
      'an answer that is refused',
      [...install.slice(0, 9), ['answer.refused', { why: 'asked from a foreign address' }]],
      'the answer',
      'asked from a foreign address',
    ],
    [
      'a failed report',
      [...install.slice(0, 12), ['report.failed', { why: 'no disk found' }]],
      'the report that it is done',
      'no disk found',
    ],
    [
      'a failed report of a live system',
      [...withPlan(install.slice(0, 10), { plan: 'live', files: 2 }), ['report.failed', { why: 'no disk found' }]],
      'the report that it is done',
      'no disk found',
    ],
    [
      'no report in time',
      [...install.slice(0, 12), ['install.failed', { why: 'no report came in time; last seen: disks' }]],
      'the report that it is done',
      'last seen: disks',
    ],
  ])('%s', (_, told, step, cause) => {
    const { missing } = retell('duncan', events(told))
    expect(missing?.step).toContain(step)
    expect(missing?.cause).toContain(cause)
  })

  test('misses that loaders always have are no cause', () => {
    const told: Told[] = [...install.slice(0, 5), ['file.missing', { name: 'grub/x86_64-efi/fs.lst' }]]
    expect(retell('duncan', events(told)).missing?.cause).not.toContain('fs.lst')
  })
})

describe('the events of one boot', () => {
  const types = (told: readonly StoredEvent[]): string[] => told.map(({ type }) => type)

  test('are its own, and the machine’s without a session up to the next boot', () => {
    const told = [
      ...events([['permit.armed']], null, 1),
      ...events([['dhcp.discover'], ['menu.given']], id(1), 2),
      ...events([['answer.refused', { why: 'no token' }]], null, 4),
      ...events([['report.done']], id(1), 5),
      ...events([['permit.withdrawn']], null, 6),
      ...events([['dhcp.discover']], id(2), 7),
      ...events([['answer.refused']], null, 8),
      ...events([['report.failed']], id(1), 9),
    ]
    expect(types(bootOf(id(1), told))).toEqual([
      'dhcp.discover',
      'menu.given',
      'answer.refused',
      'report.done',
      'permit.withdrawn',
      'report.failed',
    ])
    expect(types(bootOf(id(2), told))).toEqual(['dhcp.discover', 'answer.refused'])
  })

  test('do not hold the renewals of the system that it brought up, but what went wrong with its address', () => {
    const told = [
      ...events([['dhcp.discover'], ['menu.given']], id(1), 1),
      ...events(
        [['dhcp.request'], ['dhcp.ack'], ['dhcp.nak'], ['dhcp.inform'], ['dhcp.release'], ['dhcp.decline']],
        null,
        3,
      ),
    ]
    expect(types(bootOf(id(1), told))).toEqual(['dhcp.discover', 'menu.given', 'dhcp.nak', 'dhcp.decline'])
  })

  test('a late word of the boot before does not end this one', () => {
    const told = [
      ...events([['dhcp.discover']], id(2), 1),
      ...events([['report.log']], id(1), 2),
      ...events([['answer.refused']], null, 3),
    ]
    expect(types(bootOf(id(2), told))).toEqual(['dhcp.discover', 'answer.refused'])
  })

  test('somebody else’s refusal is told, and is not the cause', () => {
    const told = [...upTo(9), ...events([['answer.refused', { why: 'needs the token' }]], null, 20)]
    const { missing, events: all } = retell('duncan', told)
    expect(all.at(-1)?.type).toBe('answer.refused')
    expect(missing?.cause).toContain('no driver')
  })
})

describe('a boot that Secure Boot stopped says so', () => {
  const loaded = (...names: readonly string[]): readonly Told[] => [
    ...install.slice(0, 4),
    ...names.map((name): Told => ['file.sent', { name, stage: 'loader' }]),
  ]
  const optional: Told = ['file.missing', { name: 'shim_certificate_0.efi' }]
  const menu: Told = ['menu.given', { loader: 'grub', plan: 'live', files: 2, answer: true }]

  test.each([
    ['a loader that is not signed', loaded('snponly.efi'), 'the menu', /snponly\.efi .* loader: shim/],
    ['a GRUB of another vendor', loaded('shimx64.efi', 'grubx64.efi'), 'the menu', /grubx64\.efi .* its own vendor/],
    ['a shim that is revoked', loaded('shimx64.efi'), 'the menu', /shimx64\.efi .* signed for it;/],
    [
      'a shim without its GRUB',
      [...loaded('shimx64.efi'), optional, ['file.missing', { name: 'grubx64.efi' }] as Told],
      'the menu',
      /^grubx64\.efi is not on this server: install the package grub-efi-amd64-signed/,
    ],
    [
      'a kernel that its GRUB does not know',
      [...loaded('shimx64.efi', 'grubx64.efi'), menu, ['file.sent', { name: 'boot/vmlinuz', stage: 'kernel' }] as Told],
      'the initrd',
      /boot\/vmlinuz .*bad shim signature/,
    ],
  ])('%s', (_, told, step, cause) => {
    expect(retell('duncan', events(told)).missing).toEqual({
      step,
      cause: expect.stringMatching(cause) as unknown,
    })
  })

  test('what shims and GRUB ask for besides is never the reason', () => {
    const trace = retell('duncan', events([...loaded('shimx64.efi'), optional]))
    expect(trace.missing?.cause).toMatch(/a second network card/)
  })

  test('PXELINUX, which starts any kernel, does not lead there', () => {
    expect(retell('duncan', upTo(8)).missing?.cause).not.toMatch(/Secure Boot/)
  })
})
