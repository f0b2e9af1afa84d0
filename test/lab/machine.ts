import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Child } from './child.ts'
import type { Lan } from './network.ts'
import { openPlace, type Place } from './place.ts'

export interface MachineOptions {
  readonly mac: string
  readonly firmware?: 'bios' | 'uefi'
  /** The NIC's model. */
  readonly nic?: 'virtio-net-pci' | 'e1000'
  /** With the NIC's iPXE ROM, or with what the firmware itself has (which BIOS has not). Default: iPXE on BIOS only. */
  readonly rom?: 'ipxe' | 'none'
  readonly uuid?: string
  /** A raw disk image; it boots after the network. */
  readonly disk?: string
  /** A second one behind it. */
  readonly other?: string
  /** What the firmware tries first; the network when not given. */
  readonly first?: 'network' | 'disk'
  /** Goes through a reset when the guest asks for it; otherwise a reset ends the machine. */
  readonly reboots?: boolean
  /** What OVMF leaves out, by its own name (`IPv4PXESupport`: HTTP boot comes at once). */
  readonly without?: readonly string[]
  /** MiB. */
  readonly memory?: number
}

/** A machine in QEMU, emulated (no KVM), its serial console read as text. Ended by its own pid. */
export interface Machine extends AsyncDisposable {
  /** All that the console said so far. */
  readonly text: string
  /** Waits for the pattern after whatever was seen before, and returns the match. */
  sees(pattern: RegExp, seconds?: number): Promise<RegExpExecArray>
  /** Waits until it powered off or ended. */
  ends(seconds?: number): Promise<void>
}

/** Switches a machine on: its NIC is plugged into the LAN, and the network is first in its boot order. */
export async function switchOn(lan: Lan, options: MachineOptions): Promise<Machine> {
  const place = await openPlace()
  const tap = await lan.tap()
  const firmware = options.firmware === 'uefi' ? await uefi(place.path, options) : []
  const machine = [...base(options), ...firmware, ...nic(tap, options), ...disk(options)]
  return new Qemu(lan.wire.start(['qemu-system-x86_64', ...machine]), place)
}

/** Enough for a BIOS, a loader, a kernel and its guest under emulation on a machine that has other work. */
const patience = 400

class Qemu implements Machine {
  readonly #child: Child
  readonly #place: Place
  #seen = 0

  constructor(child: Child, place: Place) {
    this.#child = child
    this.#place = place
  }

  get text(): string {
    return this.#child.text
  }

  async sees(pattern: RegExp, seconds = patience): Promise<RegExpExecArray> {
    const found = await this.#child.sees(pattern, seconds, this.#seen)
    this.#seen += found.index + found[0].length
    return found
  }

  async ends(seconds = patience): Promise<void> {
    const late = setTimeout(() => this.#child.kill('SIGKILL'), seconds * 1000)
    const code = await this.#child.ended
    clearTimeout(late)
    if (code !== 0) throw new Error(`the machine ended with ${code}:\n${this.text.slice(-4000)}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]()
    await this.#place[Symbol.asyncDispose]()
  }
}

function base({ memory = 512, uuid, reboots = false }: MachineOptions): string[] {
  const board = `-machine q35 -accel tcg -smp 1 -m ${memory} -nodefaults -nographic -serial stdio -monitor none`.split(
    ' ',
  )
  return [...board, ...(uuid === undefined ? [] : ['-uuid', uuid]), ...(reboots ? [] : ['-no-reboot'])]
}

/** OVMF with variables of its own. Without PXE over IPv6, which costs it 84 s when the disk's turn should come. */
async function uefi(place: string, { without = [] }: MachineOptions): Promise<string[]> {
  const variables = join(place, 'vars.fd')
  await copyFile('/usr/share/OVMF/OVMF_VARS_4M.fd', variables)
  const code = 'if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd'
  const flash = ['-drive', code, '-drive', `if=pflash,unit=1,format=raw,file=${variables}`]
  const off = ['IPv6PXESupport', ...without].flatMap((name) => ['-fw_cfg', `name=opt/org.tianocore/${name},string=no`])
  return [...flash, ...off]
}

function nic(tap: string, { nic: model = 'virtio-net-pci', mac, firmware, rom, first }: MachineOptions): string[] {
  const withRom = rom ?? (firmware === 'uefi' ? 'none' : 'ipxe')
  const device = `${model},netdev=lan,mac=${mac},bootindex=${first === 'disk' ? 9 : 0}${withRom === 'none' ? ',romfile=' : ''}`
  return ['-netdev', `tap,id=lan,ifname=${tap},script=no,downscript=no`, '-device', device]
}

function disk({ disk: image, other }: MachineOptions): string[] {
  const images = [image, other].filter((path) => path !== undefined)
  return images.flatMap((path, n) => [
    '-drive',
    `file=${path},format=raw,if=none,id=disk${n},cache=unsafe`,
    '-device',
    `virtio-blk-pci,drive=disk${n},bootindex=${n + 1}`,
  ])
}
