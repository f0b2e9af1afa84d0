import { closeLate, reinstall } from '../../src/api/desk.ts'
import { parseMac } from '../../src/net/mac.ts'
import { message } from '../dhcp/packets.ts'
import { bios, uefi, type Card, type Firmware, type Rig } from './rig.ts'

/** Something that goes wrong, played by a machine of its own; what a person must then be told. */
export interface Fault {
  readonly name: string
  readonly firmware: readonly Firmware[]
  /** Returns the machine that is asked after. */
  readonly play: (rig: Rig, firmware: Firmware) => string | Promise<string>
  /** Files of the site that are otherwise. */
  readonly site?: Readonly<Record<string, string>>
  /** The step, or that it goes on. */
  readonly where: RegExp
  readonly why: RegExp
}

const both = [bios, uefi]
const duncan = '52:54:00:77:00:01'
const macbeth = '52:54:00:77:00:02'

function boots(rig: Rig, mac: string, firmware: Firmware): Card {
  const card = rig.card(mac, { arch: firmware.arch })
  card.boot()
  return card
}

/** Long enough that nothing is under way any more. */
const silence = 3_600_000

async function armed(rig: Rig, name: string): Promise<void> {
  await reinstall(rig.house.house, name, { by: 'malcolm' })
}

const address: readonly Fault[] = [
  {
    name: 'the machine is off',
    firmware: [bios],
    play: () => 'duncan',
    where: /never booted from here/,
    why: /Usual cause \(nothing here names one\): the machine is off/,
  },
  {
    name: 'a relay of no subnet',
    firmware: both,
    play(rig, { arch }) {
      rig.card(duncan, { arch }).discover({ giaddr: '10.99.7.1' })
      return 'duncan'
    },
    where: /DHCPREQUEST/,
    why: /relay 10\.99\.7\.1 is in none of the subnets of birnam\.yaml, so it got no answer; add its cidr/,
  },
  {
    name: 'a reservation in another network than its relay',
    firmware: both,
    play(rig, { arch }) {
      rig.card(duncan, { arch }).discover({ giaddr: '10.77.9.1' })
      rig.wait(silence)
      return 'duncan'
    },
    where: /DHCPREQUEST/,
    why: /10\.77\.0\.11 is in no subnet of the relay 10\.77\.9\.1/,
  },
  {
    name: 'a subnet without a free address',
    firmware: both,
    play(rig, { arch }) {
      for (const other of ['52:54:00:99:00:01', '52:54:00:99:00:02']) rig.card(other, { as: 'system' }).boot()
      rig.card('52:54:00:77:00:06', { arch }).discover()
      return 'lennox'
    },
    where: /DHCPREQUEST/,
    why: /no free address left/,
  },
  {
    name: 'a full disk under the leases',
    firmware: both,
    play(rig, { arch }) {
      rig.full = true
      rig.card('52:54:00:77:00:06', { arch }).boot()
      return 'lennox'
    },
    where: /DHCPREQUEST/,
    why: /its lease could not be written: the disk of \/data is full/,
  },
  {
    name: 'its address in somebody else’s hands',
    firmware: both,
    play(rig, firmware) {
      const card = boots(rig, duncan, firmware)
      rig.take(message(4, { mac: duncan, requested: card.address, server: '10.77.0.1' }))
      return 'duncan'
    },
    where: /DHCPREQUEST|the first loader/,
    why: /found 10\.77\.0\.11 in use by another machine and declined it/,
  },
  {
    name: 'another DHCP server',
    firmware: both,
    play(rig, { arch }) {
      const card = rig.card(duncan, { arch })
      card.discover()
      card.request('10.77.0.150', '10.77.0.250')
      return 'duncan'
    },
    where: /DHCPREQUEST/,
    why: /another DHCP server gives addresses on this network: 10\.77\.0\.250/,
  },
  {
    name: 'an offer that is lost',
    firmware: both,
    play(rig, { arch }) {
      rig.card(duncan, { arch }).discover()
      rig.wait(silence)
      return 'duncan'
    },
    where: /DHCPREQUEST/,
    why: /Usual cause \(nothing here names one\): the offer did not reach the machine/,
  },
  {
    name: 'a typing error in its MAC',
    firmware: both,
    play(rig, firmware) {
      const card = boots(rig, '52:54:00:77:00:10', firmware)
      card.get(card.file)
      return 'duncan'
    },
    where: /never booted from here/,
    why: /nobody named booted at .*: 52:54:00:77:00:10, two digits away from its card 52:54:00:77:00:01/,
  },
  {
    name: 'a second try that another server answers, after one that shim ended',
    firmware: [uefi],
    play(rig) {
      const first = boots(rig, duncan, uefi)
      first.get(first.file)
      rig.wait(5000)
      const second = rig.card(duncan, { arch: 0 })
      second.discover()
      second.request('10.77.0.150', '10.77.0.250')
      return 'duncan'
    },
    where: /DHCPREQUEST/,
    why: /another DHCP server .*10\.77\.0\.250/,
  },
]

const loader: readonly Fault[] = [
  {
    name: 'an architecture without a loader',
    firmware: [uefi],
    play(rig) {
      boots(rig, duncan, { name: 'UEFI', arch: 33 })
      return 'duncan'
    },
    where: /the first loader/,
    why: /no loader for its architecture, MIPS 32-bit UEFI \(option 93: 33\)/,
  },
  {
    name: 'a loader that is not on the server',
    firmware: [uefi],
    play(rig) {
      const card = boots(rig, '52:54:00:77:00:08', uefi)
      card.get(card.file, { outcome: 'missing' })
      return 'siward'
    },
    where: /the first loader/,
    why: /snponly-shim\.efi is not on this server: install/,
  },
  {
    name: 'UDP port 69 blocked',
    firmware: both,
    play(rig, firmware) {
      boots(rig, duncan, firmware)
      rig.wait(silence)
      return 'duncan'
    },
    where: /the first loader/,
    why: /UDP port 69 is blocked/,
  },
  {
    name: 'a firewall that lets only the first packet of TFTP through',
    firmware: both,
    play(rig, firmware) {
      const card = boots(rig, duncan, firmware)
      card.get(card.file, { outcome: 'timeout', size: 40_000, blksize: 1456, answered: false })
      return 'duncan'
    },
    where: /the first loader/,
    why: /acknowledged nothing: a firewall between drops all but the first packet of TFTP/,
  },
  {
    name: 'packets that do not fit the path',
    firmware: both,
    play(rig, firmware) {
      const card = boots(rig, duncan, firmware)
      card.get(card.file, { outcome: 'timeout', size: 40_000, blksize: 1456, answered: true })
      return 'duncan'
    },
    where: /the first loader/,
    why: /packets of 1,456 bytes do not fit the path \(MTU\)/,
  },
  {
    name: 'TCP port 80 blocked, for iPXE and for HTTP boot',
    firmware: [uefi],
    play(rig) {
      rig.card(duncan, { arch: 16, as: 'http' }).boot()
      rig.wait(silence)
      rig.card(macbeth, { arch: 7, as: 'ipxe' }).boot()
      rig.wait(silence)
      const web = rig.read('duncan')
      if (!/never connected: TCP port 80 is blocked/.test(web)) throw new Error(web)
      return 'macbeth'
    },
    where: /the first loader/,
    why: /it was told http:\/\/10\.77\.0\.1\/.* and never connected: TCP port 80 is blocked/,
  },
  {
    name: 'address: of birnam.yaml that is none of the server’s',
    firmware: both,
    site: {
      'birnam.yaml':
        'address: 10.77.0.99\ndhcp: { mode: server, interfaces: [eth0], subnets: [{ cidr: 10.77.0.0/24 }] }\n',
    },
    play(rig, firmware) {
      boots(rig, duncan, firmware)
      return 'duncan'
    },
    where: /the first loader/,
    why: /told to fetch from 10\.77\.0\.99, which is no address of this server/,
  },
  {
    name: 'firmware that refuses its loader',
    firmware: [uefi],
    play(rig) {
      const card = boots(rig, duncan, uefi)
      card.get(card.file)
      rig.wait(silence)
      return 'duncan'
    },
    where: /the menu/,
    why: /shimx64\.efi and asked for nothing more: with Secure Boot on, firmware starts only what is signed/,
  },
  {
    name: 'a shim that refuses another vendor’s GRUB',
    firmware: [uefi],
    play(rig) {
      const card = boots(rig, duncan, uefi)
      card.get(card.file)
      card.get(`${card.beside}grubx64.efi`)
      rig.wait(silence)
      return 'duncan'
    },
    where: /the menu/,
    why: /grubx64\.efi .* shim starts only what its own vendor signed/,
  },
  {
    name: 'a menu that does not render',
    firmware: both,
    play(rig, firmware) {
      boots(rig, '52:54:00:77:00:05', firmware).load(firmware)
      return 'ross'
    },
    where: /the menu/,
    why: /fleet\.yaml:\d+: .*vars\.console has no value, for ross/,
  },
]

const kernel: readonly Fault[] = [
  {
    name: 'a kernel that is not there',
    firmware: both,
    play(rig, firmware) {
      const card = boots(rig, '52:54:00:77:00:07', firmware)
      card.load(firmware)
      card.kernel('boot/nowhere')
      return 'angus'
    },
    where: /the kernel/,
    why: /boot\/nowhere is not there/,
  },
  {
    name: 'an HTML page as a kernel',
    firmware: both,
    play(rig, firmware) {
      const card = boots(rig, '52:54:00:77:00:03', firmware)
      card.load(firmware)
      card.kernel('boot/page')
      return 'banquo'
    },
    where: /the initrd/,
    why: /boot\/page is an HTML page, not a kernel/,
  },
  {
    name: 'a kernel that is cut short',
    firmware: both,
    play(rig, firmware) {
      const head = Buffer.alloc(4096)
      head[0x1f1] = 3
      head.writeUInt32LE(0x10_000, 0x1f4)
      head.write('HdrS', 0x202)
      head.writeUInt16LE(0x20f, 0x206)
      rig.write('boot/vmlinuz', head)
      const card = boots(rig, duncan, firmware)
      card.load(firmware)
      card.kernel()
      return 'duncan'
    },
    where: /the initrd/,
    why: /boot\/vmlinuz is cut short: it has 4096 bytes, and its own header says 1050624/,
  },
  {
    name: 'a kernel that is still on its way',
    firmware: both,
    play(rig, firmware) {
      const card = boots(rig, duncan, firmware)
      card.load(firmware)
      const peer = { address: card.address, port: 1024 }
      const name = `${card.beside}boot/vmlinuz`
      const far = { bytes: 42_000, size: 300_000, answered: true, milliseconds: 4000, silent: 12_000 }
      rig.underway.push({ carrier: 'tftp', name, peer, ...far })
      return 'duncan'
    },
    where: /^It is fetching boot\/vmlinuz/m,
    why: /41 of 292 KiB, for 4 s, and has been silent for 12 s/,
  },
  {
    name: 'a machine that dies in the middle of its kernel',
    firmware: both,
    play(rig, firmware) {
      const card = boots(rig, duncan, firmware)
      card.load(firmware)
      card.kernel('boot/vmlinuz', { outcome: 'timeout', bytes: 140_800, size: 300_000, answered: true })
      return 'duncan'
    },
    where: /the kernel/,
    why: /fell silent after 137 of 292 KiB of boot\/vmlinuz/,
  },
  {
    name: 'iPXE that breaks off its kernel',
    firmware: [uefi],
    play(rig) {
      const card = rig.card(duncan, { arch: 7, as: 'ipxe' })
      card.boot()
      card.get(new URL(card.file).pathname.slice(1))
      card.kernel('boot/vmlinuz', { outcome: 'aborted', bytes: 65_536, size: 300_000 })
      return 'duncan'
    },
    where: /the kernel/,
    why: /broke off boot\/vmlinuz after 64 of 292 KiB/,
  },
  {
    name: 'a client that says what it lacks',
    firmware: both,
    play(rig, firmware) {
      const card = boots(rig, duncan, firmware)
      card.load(firmware)
      const detail = 'the client said ERROR 3: Could not allocate memory'
      card.kernel('boot/vmlinuz', { outcome: 'aborted', size: 300_000, detail })
      return 'duncan'
    },
    where: /the kernel/,
    why: /it said: Could not allocate memory/,
  },
  {
    name: 'a kernel that GRUB’s vendor did not sign',
    firmware: [uefi],
    play(rig) {
      const card = boots(rig, duncan, uefi)
      card.load(uefi)
      card.kernel()
      rig.wait(silence)
      return 'duncan'
    },
    where: /the initrd/,
    why: /bad shim signature/,
  },
]

const system: readonly Fault[] = [
  {
    name: 'an installer that has an address and does not reach the HTTP port',
    firmware: both,
    async play(rig, firmware) {
      await armed(rig, 'macbeth')
      const card = rig.card(macbeth, { arch: firmware.arch })
      card.start(firmware)
      rig.connected.clear()
      rig.wait(20_000)
      card.becomes({ as: 'system' }).boot()
      rig.wait(silence / 6)
      return 'macbeth'
    },
    where: /the answer/,
    why: /has 10\.77\.0\.12, so its driver and its network work: it could not reach the HTTP port/,
  },
  {
    name: 'an answer that does not render',
    firmware: both,
    play(rig, firmware) {
      const card = rig.card('52:54:00:77:00:09', { arch: firmware.arch })
      card.start(firmware)
      const { sessions } = rig.house.house
      rig.house.ask(`a/${sessions.tokenOf(sessions.current(card.mac)!)}`, { from: card.address })
      return 'seyton'
    },
    where: /the answer/,
    why: /answers\/broken\.hbs:1.*vars\.mirror has no value/,
  },
  {
    name: 'an installer that reports what stopped it',
    firmware: both,
    async play(rig, firmware) {
      await armed(rig, 'macbeth')
      const card = rig.card(macbeth, { arch: firmware.arch })
      card.start(firmware)
      const { journal, sessions } = rig.house.house
      const session = sessions.current(parseMac(macbeth))!.id
      const whose = { machine: 'macbeth', session }
      journal.record({ at: rig.house.now, type: 'report.failed', ...whose, detail: { why: 'no disk found' } })
      return 'macbeth'
    },
    where: /the report that it is done/,
    why: /it reported: no disk found/,
  },
  {
    name: 'an armed machine that starts from its disk',
    firmware: both,
    async play(rig, firmware) {
      boots(rig, macbeth, firmware).load(firmware)
      rig.wait(1000)
      await armed(rig, 'macbeth')
      rig.wait(3 * 3_600_000)
      rig.card(macbeth, { as: 'system' }).boot()
      return 'macbeth'
    },
    where: /Armed since .* and not seen in PXE since/,
    why: /its running system asked for an address, so it was started from its disk: put the network first/,
  },
  {
    name: 'a card that shares its UUID',
    firmware: both,
    play(rig, { arch }) {
      const uuid = '4c4c4544-0051-3010-8052-b4c04f4e3132'
      rig.card('52:54:00:99:00:09', { arch, uuid }).boot()
      return 'macbeth'
    },
    where: /This boot came from 52:54:00:99:00:09, which is no card of the machine/,
    why: /known by its UUID, serial or port, and boards of one make may say the same/,
  },
  {
    name: 'a clock that leaps in the middle of an install',
    firmware: both,
    async play(rig, firmware) {
      await armed(rig, 'macbeth')
      const card = rig.card(macbeth, { arch: firmware.arch })
      card.start(firmware)
      rig.house.house.clock.look(rig.house.now, rig.house.now - rig.began)
      rig.wait(5 * 3_600_000)
      rig.house.house.clock.look(rig.house.now, rig.house.now - rig.began - 5 * 3_600_000)
      closeLate(rig.house.house)
      return 'macbeth'
    },
    where: /the answer|the report that it is done/,
    why: /[Tt]he clock of this server was set forward by 5 h/,
  },
]

export const faults: readonly Fault[] = [...address, ...loader, ...kernel, ...system]
