import { expect } from 'vitest'
import { advertiseManaged } from '../lab/advertise.ts'
import { labTest } from '../lab/needs.ts'
import { answerOf, duncansAnswer, openStage, story } from './stage.ts'

const dhcp6 = { interfaces: ['lab-br'], subnets: [{ cidr: 'fd77::/64' }] }

/** Loaders, menu and kernel come over IPv6; the guest, which knows nothing of it, asks for its answer over IPv4. */
labTest(
  "IPv6: the firmware's PXE, shim, signed GRUB, kernel, and its own answer",
  ['lan', 'machine', 'grub'],
  async () => {
    await using stage = await openStage({ server: { dhcp6 } }, undefined, advertiseManaged)
    const machine = await stage.boot({ firmware: 'uefi', without: ['IPv4PXESupport'] })
    await machine.sees(/Start PXE over IPv6[^]*FD77:0:0:0:0:5254:77:1/)
    expect(await answerOf(machine)).toBe(duncansAnswer)
    await machine.ends()
    const trace = await stage.trace('duncan')
    expect(trace.ended, JSON.stringify(trace, null, 1)).toBe(true)
    const told = story(trace)
    expect(told.filter((event) => /^dhcp6|^sent (shim|grubx|vmlinuz|initrd)/.test(event))).toEqual(
      expect.arrayContaining(['dhcp6.reply', 'sent shimx64.efi', 'sent grubx64.efi', 'sent vmlinuz', 'sent initrd.gz']),
    )
    // All of one boot, whose session travelled in the URL; nothing of it came by IPv4 before the kernel ran.
    expect(told.indexOf('dhcp.discover')).toBeGreaterThan(told.indexOf('sent initrd.gz'))
    const menu = trace.events.find(({ type }) => type === 'menu.given')
    expect(menu?.detail?.['from']).toBe('fd77::5254:77:1')
  },
)

labTest(
  "IPv6 alone: the firmware's PXE, iPXE, its script, kernel and initrd by HTTP",
  ['lan', 'machine', 'ovmf', 'ipxe'],
  async () => {
    const server = { dhcp6, loader: 'ipxe', dhcp: { mode: 'off' } }
    await using stage = await openStage({ server }, undefined, advertiseManaged)
    const machine = await stage.boot({ firmware: 'uefi', without: ['IPv4PXESupport'] })
    await machine.sees(/http:\/\/\[fd77::1\]\/s\/\S+\/boot\/initrd\.gz\.\.\. ok/)
    await machine.sees(/LAB-UP/)
    const sent = (await stage.trace('duncan')).events.filter(({ type }) => type === 'file.sent')
    expect(sent.map(({ detail }) => `${String(detail?.['carrier'])} ${String(detail?.['name'])}`)).toEqual([
      'tftp snponly.efi',
      'http boot.ipxe',
      'http boot/vmlinuz',
      'http boot/initrd.gz',
    ])
  },
)
