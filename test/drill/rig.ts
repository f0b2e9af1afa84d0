import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Witness } from '../../src/api/trace/known.ts'
import { tell } from '../../src/api/trace/tell.ts'
import type { Trace } from '../../src/api/trace/trace.ts'
import { hear } from '../../src/app/heard.ts'
import { traceText } from '../../src/cli/trace.ts'
import { Clerk } from '../../src/dhcp/clerk.ts'
import { Desk } from '../../src/dhcp/desk.ts'
import type { DhcpEvent } from '../../src/dhcp/event.ts'
import { LeaseBook } from '../../src/dhcp/lease.ts'
import { encodePacket, type Packet } from '../../src/dhcp/packet.ts'
import { advise } from '../../src/files/advise.ts'
import type { Transfer, Underway } from '../../src/net/content.ts'
import { formatIpv4 } from '../../src/net/ipv4.ts'
import { parseMac, type Mac } from '../../src/net/mac.ts'
import { MemoryLeases } from '../../src/store/memory/leases.ts'
import { decoded, message } from '../dhcp/packets.ts'
import { openHouse, type TestHouse } from '../house.ts'

const birnamYaml = `
address: 10.77.0.1
dhcp:
  mode: server
  interfaces: [eth0]
  subnets:
    - { cidr: 10.77.0.0/24, range: 10.77.0.100-10.77.0.101, lease: 1h }
    - { cidr: 10.77.9.0/24, range: 10.77.9.100-10.77.9.101, lease: 1h }
`
const uuid = '4c4c4544-0051-3010-8052-b4c04f4e3132'
const fleetYaml = `
machines:
  - { name: duncan, mac: "52:54:00:77:00:01", ip: 10.77.0.11, profile: probe }
  - { name: macbeth, mac: "52:54:00:77:00:02", ip: 10.77.0.12, profile: db, uuid: ${uuid} }
  - { name: banquo, mac: "52:54:00:77:00:03", ip: 10.77.0.13, profile: page }
  - { name: fleance, mac: "52:54:00:77:00:04", ip: 10.77.0.14, profile: empty }
  - { name: ross, mac: "52:54:00:77:00:05", ip: 10.77.0.15, profile: unsaid }
  - { name: lennox, mac: "52:54:00:77:00:06", profile: probe }
  - { name: angus, mac: "52:54:00:77:00:07", ip: 10.77.0.17, profile: gone }
  - { name: siward, mac: "52:54:00:77:00:08", ip: 10.77.0.18, profile: probe, loader: ipxe-shim }
  - { name: seyton, mac: "52:54:00:77:00:09", ip: 10.77.0.19, profile: broken }
profiles:
  - { name: probe, kind: live, kernel: boot/vmlinuz, initrd: [boot/initrd.gz], args: "console=ttyS0" }
  - { name: page, kind: live, kernel: boot/page, initrd: [boot/initrd.gz], args: "" }
  - { name: empty, kind: live, kernel: boot/vmlinuz, initrd: [boot/nothing], args: "" }
  - { name: gone, kind: live, kernel: boot/nowhere, initrd: [boot/initrd.gz], args: "" }
  - { name: unsaid, kind: live, kernel: boot/vmlinuz, initrd: [boot/initrd.gz], args: "console={{vars.console}}" }
  - { name: db, kind: install, kernel: boot/vmlinuz, initrd: [boot/initrd.gz], args: "ks={{answer.url}}", answer: answers/db.hbs }
  - { name: broken, kind: live, kernel: boot/vmlinuz, initrd: [boot/initrd.gz], args: "ks={{answer.url}}", answer: answers/broken.hbs }
`
const loaders = ['pxelinux.0', 'ldlinux.c32', 'shimx64.efi', 'grubx64.efi', 'snponly.efi']
const siteFiles: Readonly<Record<string, string>> = {
  'birnam.yaml': birnamYaml,
  'fleet.yaml': fleetYaml,
  'answers/db.hbs': 'rootpw {{report.url}}\n',
  'answers/broken.hbs': '{{vars.mirror}}\n',
  'boot/page': '<!DOCTYPE html><title>404 Not Found</title>',
  'boot/nothing': '',
  ...Object.fromEntries(loaders.map((name) => [`files/${name}`, name])),
}

export interface Firmware {
  readonly name: 'BIOS' | 'UEFI'
  readonly arch: number
}

export const bios: Firmware = { name: 'BIOS', arch: 0 }
export const uefi: Firmware = { name: 'UEFI', arch: 7 }

export interface Kind {
  readonly arch?: number
  /** What speaks: a ROM, iPXE, a ROM that boots by HTTP, or a system that wants an address. */
  readonly as?: 'rom' | 'ipxe' | 'http' | 'system'
  readonly uuid?: string
}

/** A whole server without sockets, and one machine in front of it; its clock goes as the client goes. */
export class Rig implements Disposable {
  readonly house: TestHouse
  readonly server: Clerk
  readonly desk: Desk
  readonly underway: Underway[] = []
  readonly connected = new Map<string, number>()
  readonly began: number
  full = false

  constructor(change: Readonly<Record<string, string>> = {}) {
    this.house = openHouse({ ...siteFiles, ...change })
    const { house } = this.house
    this.house.leases.clear()
    this.began = this.house.now
    house.clock.look(this.house.now, 0)
    this.desk = new Desk(
      house.registry.site.server.dhcp,
      {
        advisor: {
          advise: (client, server) => advise(house, client, server),
          isReserved: (address) => house.registry.at(address) !== undefined,
        },
        leases: new LeaseBook(new MemoryLeases()),
        serverAddressFor: () => '10.77.0.1',
      },
      this.house.now,
    )
    this.server = new Clerk(this.desk, (event) => this.#hear(event))
  }

  write(name: string, text: string | Buffer): void {
    writeFileSync(join(this.house.directory, name), text)
  }

  wait(milliseconds: number): void {
    this.house.now += milliseconds
  }

  card(mac: string, kind: Kind = {}): Card {
    return new Card(this, parseMac(mac), kind)
  }

  take(packet: Packet): Packet | undefined {
    this.wait(20)
    const outcome = this.server.take(encodePacket(packet), 'eth0', this.house.now)
    if (outcome?.lease && this.full) {
      const of = { mac: outcome.lease.mac }
      this.server.drop('lease not written', 'eth0', this.house.now, { detail: 'Error: database or disk is full', of })
      return undefined
    }
    if (outcome?.event) this.#hear(outcome.event)
    if (outcome?.lease) this.house.leases.set(outcome.lease.mac, outcome.lease.address)
    return outcome?.reply && decoded(outcome.reply.bytes)
  }

  trace(text: string): Trace {
    return tell(this.#witness(), text, undefined)
  }

  /** As a person reads it, without the events. */
  read(text: string): string {
    const { events: _, ...verdict } = this.trace(text)
    return traceText({ ...verdict, events: [] })
  }

  [Symbol.dispose](): void {
    this.house[Symbol.dispose]()
  }

  #hear(event: DhcpEvent): void {
    hear(this.house.house, event, ['dhcp.full', 'dhcp.other-server', 'dhcp.dropped'])
  }

  #witness(): Witness {
    const { house, shelf } = this.house
    const troubles = this.full ? [{ severity: 'error' as const, message: 'the disk of /data is full' }] : []
    return {
      house,
      shelf,
      underway: () => this.underway,
      own: () => ['10.77.0.1'],
      connectedAgo: (from) => {
        const at = this.connected.get(from)
        return at === undefined ? undefined : this.house.now - at
      },
      troubles: () => troubles,
    }
  }
}

/** A machine: firmware, loader, kernel and installer, as far as the test lets it come. */
export class Card {
  readonly rig: Rig
  readonly mac: Mac
  readonly kind: Kind
  address = '0.0.0.0'
  /** What it was told to fetch, and what everything else is beside. */
  file = ''

  constructor(rig: Rig, mac: Mac, kind: Kind) {
    this.rig = rig
    this.mac = mac
    this.kind = kind
  }

  get beside(): string {
    return this.file.replace(/^https?:\/\/[^/]+\//, '').replace(/[^/]*$/, '')
  }

  discover(wish: Parameters<typeof message>[1] = {}): Packet | undefined {
    return this.rig.take(message(1, { mac: this.mac, more: this.#options(), ...wish }))
  }

  request(requested: string, server = '10.77.0.1'): Packet | undefined {
    return this.rig.take(message(3, { mac: this.mac, requested, server, more: this.#options() }))
  }

  /** DISCOVER to ACK. False when it got none. */
  boot(): boolean {
    const offer = this.discover()
    const ack = offer && this.request(formatIpv4(offer.yiaddr))
    if (!ack || ack.yiaddr === 0) return false
    this.address = formatIpv4(ack.yiaddr)
    this.file = ack.file || ack.options.get(67)?.toString('latin1').replace(/\0+$/, '') || ''
    return true
  }

  /** Another program of the same machine. */
  becomes(kind: Kind): Card {
    const card = new Card(this.rig, this.mac, kind)
    card.address = this.address
    card.file = this.file
    return card
  }

  get(name: string, how: Partial<Transfer> = {}): Transfer['outcome'] {
    const { rig } = this
    const carrier = how.carrier ?? (/^https?:/.test(this.file) ? 'http' : 'tftp')
    const peer = { address: this.address, port: 1024 }
    if (carrier === 'http') rig.connected.set(this.address, rig.house.now)
    rig.wait(50)
    const found = rig.house.shelf.find(name, { carrier, peer, headers: {} })
    const outcome = how.outcome ?? (found === undefined ? 'missing' : found.kind === 'refused' ? 'refused' : 'sent')
    const size = found?.kind === 'file' ? found.size : found?.kind === 'bytes' ? found.bytes.length : 0
    const said = found?.kind === 'refused' ? { detail: found.message } : {}
    const sent = outcome === 'sent' ? size : 0
    rig.house.shelf.ended({ carrier, name, peer, bytes: sent, size, milliseconds: 5, ...said, ...how, outcome })
    return outcome
  }

  /** The loader, its parts and its menu: PXELINUX on BIOS, shim and GRUB on UEFI. True when it has its menu. */
  load(firmware: Firmware): boolean {
    if (this.get(this.file) !== 'sent') return false
    if (firmware.name === 'BIOS') {
      this.get(`${this.beside}ldlinux.c32`)
      return this.get(`${this.beside}pxelinux.cfg/01-${this.mac.replaceAll(':', '-')}`) === 'sent'
    }
    this.get(`${this.beside}revocations_sku.efi`)
    if (this.get(`${this.beside}grubx64.efi`) !== 'sent') return false
    this.get('/grub/x86_64-efi/fs.lst')
    return this.get(`${this.beside}grub.cfg`) === 'sent'
  }

  kernel(name = 'boot/vmlinuz', how: Partial<Transfer> = {}): void {
    this.get(`${this.beside}${name}`, how)
  }

  /** Up to its own kernel and initrd. */
  start(firmware: Firmware): void {
    this.boot()
    this.load(firmware)
    this.kernel()
    this.kernel('boot/initrd.gz')
  }

  #options(): readonly (readonly [number, Buffer])[] {
    const { as = 'rom', arch = 0, uuid: said } = this.kind
    if (as === 'system') return [[60, Buffer.from('udhcp 1.35.0')]]
    const vendor = `${as === 'http' ? 'HTTPClient' : 'PXEClient'}:Arch:${String(arch).padStart(5, '0')}:UNDI:003000`
    return [
      [60, Buffer.from(vendor)],
      [93, Buffer.from([arch >> 8, arch & 255])],
      ...(as === 'ipxe'
        ? [[77, Buffer.from('iPXE')] as const, [175, Buffer.from([0x13, 1, 1, 0x15, 1, 1])] as const]
        : []),
      ...(said === undefined ? [] : [[97, Buffer.from(`00${said.replaceAll('-', '')}`, 'hex')] as const]),
    ]
  }
}
