import { expect } from 'vitest'
import { openGuest } from '../lab/guest.ts'
import { labTest } from '../lab/needs.ts'
import { openLan } from '../lab/network.ts'
import { serve } from '../lab/server.ts'
import { duncan, openSite } from '../lab/site.ts'
import { readLikePypxeboot, tftpGet, udhcpc } from './client.ts'
import { openStage } from './stage.ts'

const needs = ['lan', 'busybox', 'kernel'] as const
const server = '10.77.0.1'

labTest(
  "pypxeboot's order with udhcpc and tftp: lease, menu by MAC, kernel, initrd, answer",
  [...needs, 'curl'],
  async () => {
    await using stage = await openStage()
    const domu = await stage.lan.client(duncan.mac)
    expect(await udhcpc(domu, stage.site)).toMatchObject({
      ip: duncan.ip,
      siaddr: server,
      hostname: 'duncan',
      dns: server,
    })
    const get = (name: string): Promise<Buffer> => tftpGet(domu, stage.site, name, server)
    const { kernel, append } = readLikePypxeboot((await get('pxelinux.cfg/01-52-54-00-77-00-01')).toString())
    const guest = await openGuest()
    expect((await get(kernel)).equals(guest.vmlinuz)).toBe(true)
    expect((await get(append['initrd']!)).equals(guest.initrd)).toBe(true)
    expect(await domu.run(['curl', '-sf', append['probe']!])).toContain('I am duncan')
  },
)

labTest(
  'pypxeboot finds its menu by the MAC in any letter case, by its address in hex, or as default',
  needs,
  async () => {
    const mac = '52:54:00:ab:cd:ef'
    const fleet = {
      machines: [{ name: 'banquo', mac, ip: '10.77.0.12', profile: 'disk' }],
      profiles: [{ name: 'disk', kind: 'local' }],
    }
    await using stage = await openStage({ fleet })
    const domu = await stage.lan.client(mac)
    await udhcpc(domu, stage.site)
    const get = async (name: string): Promise<string> =>
      (await tftpGet(domu, stage.site, `pxelinux.cfg/${name}`, server)).toString()
    const menu = await get('01-52-54-00-ab-cd-ef')
    expect(menu).toContain('banquo')
    expect(await get('01-52-54-00-AB-CD-EF')).toBe(menu)
    expect(await get('0A4D000C')).toBe(menu)
    expect(await get('default')).toContain('LABEL local')
  },
)

labTest('a broadcast is answered on the interface it came in on', needs, async () => {
  const subnets = [
    { cidr: '10.77.0.0/24', range: '10.77.0.100-10.77.0.199' },
    { cidr: '10.78.0.0/24', range: '10.78.0.100-10.78.0.199' },
  ]
  const dhcp = { mode: 'server', interfaces: ['lab-br', 'lab-b2'], subnets }
  await using site = await openSite({ server: { dhcp } })
  await using first = await openLan()
  await using second = await openLan({ address: '10.78.0.1/24', interface: 'lab-b2', beside: first })
  await using birnam = await serve(first, site)
  const [one, two] = [await first.client(), await second.client()]
  const [here, there] = await Promise.all([udhcpc(one, site), udhcpc(two, site)])
  expect(here).toMatchObject({ ip: expect.stringMatching(/^10\.77\.0\.1\d\d$/), siaddr: '10.77.0.1' })
  expect(there).toMatchObject({ ip: expect.stringMatching(/^10\.78\.0\.1\d\d$/), siaddr: '10.78.0.1' })
  await birnam.stop()
})
