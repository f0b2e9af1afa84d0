import type { Finding } from '../net/content.ts'
import { readMac } from '../net/mac.ts'
import type { Asked } from './asked.ts'
import { askHouse, serverUrl, type House } from './house.ts'
import { absolute } from '../menu/menu.ts'
import { menuOf } from './menu-of.ts'
import { knownAddress } from './own-address.ts'

/**
 * pixiecore's API: `v1/boot/MAC` says which kernel a machine shall boot. Only what wipes nothing is said there; for everything else the answer is
 * 404, after which pixiecore lets the machine alone.
 */
export function findForPixiecore(house: House, name: string, asked: Asked): Finding {
  const mac = readMac(/^v1\/boot\/([0-9A-Fa-f:-]{17})$/.exec(name)?.[1] ?? '')
  if (!mac) return undefined
  const answer = askHouse(house, { door: asked.carrier, asker: 'ipxe', mac, address: asked.peer.address })
  const { machine, profile, plan } = answer
  if (plan.do !== 'live') return { kind: 'refused', status: 404, message: `nothing to boot: ${plan.why}` }
  const address = knownAddress(house, machine, mac) ?? asked.peer.address
  const menu = menuOf(house, answer, { mac, address, ...(machine && { machine }), ...(profile && { profile }) })
  const boot = menu.entries.find(({ label }) => label === menu.default)?.boot
  if (boot?.kind !== 'kernel' || boot.program)
    return { kind: 'refused', status: 404, message: 'it boots no Linux kernel' }
  const base = `${serverUrl(house, asked.peer.address)}/`
  const said = {
    kernel: absolute(boot.kernel, base),
    initrd: boot.initrd.map((file) => absolute(file, base)),
    cmdline: boot.args.join(' '),
  }
  return { kind: 'bytes', bytes: Buffer.from(JSON.stringify(said)), type: 'application/json' }
}
