import { expect } from 'vitest'
import type { Namespace } from '../lab/network.ts'
import { labTest } from '../lab/needs.ts'
import { duncan } from '../lab/site.ts'
import { asRom, readLikePypxeboot, tftpGet, udhcpc } from './client.ts'
import { openInstallStage, permitOf } from './install.ts'
import { duncansAnswer } from './stage.ts'

labTest(
  'an install answer is for the claimed session at its own address: no neighbour and no spoofed MAC gets it, or the menu',
  ['lan', 'busybox', 'curl', 'kernel'],
  async () => {
    await using stage = await openInstallStage('pxelinux')
    const { lan, site, server } = stage
    const menuAt = async (who: Namespace, bootFile: string): Promise<string> =>
      (await tftpGet(who, site, bootFile.replace(/[^/]*$/, 'pxelinux.cfg/default'), lan.address)).toString()
    await server.command('reinstall', 'duncan')
    const neighbour = await lan.client()
    await udhcpc(neighbour, site)

    const victim = await lan.client(duncan.mac)
    const { boot_file: bootFile } = await udhcpc(victim, site, ...asRom)
    expect(await menuAt(neighbour, bootFile!)).toContain('LOCALBOOT')
    const url = readLikePypxeboot(await menuAt(victim, bootFile!)).append['probe']!
    expect(await fetchBy(neighbour, url)).toBe('403')
    expect(await fetchBy(victim, url)).toContain(duncansAnswer)
    await victim[Symbol.asyncDispose]()

    const spoofer = await lan.client(duncan.mac)
    const second = await udhcpc(spoofer, site, ...asRom)
    expect(second['ip']).toBe(duncan.ip)
    expect(second['boot_file']).not.toBe(bootFile)
    expect(await menuAt(spoofer, second['boot_file']!)).toContain('LOCALBOOT')
    expect(await fetchBy(spoofer, `http://${lan.address}/a/${duncan.mac.replaceAll(':', '-')}`)).toBe('403')
    expect(await permitOf(stage)).toMatchObject({ state: 'claimed' })
  },
)

/** What is there, or the status of a refusal. */
async function fetchBy(who: Namespace, url: string): Promise<string> {
  const text = await who.run(['curl', '-s', '-w', '\n%{http_code}', url])
  return text.endsWith('200') ? text : text.slice(-3)
}
