import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { signatureList } from './certificate.ts'
import type { Child } from './child.ts'
import type { Lan } from './network.ts'
import { openPlace, type Place } from './place.ts'

export interface MachineOptions {
  readonly mac: string
  readonly firmware?: Firmware
  /** The NIC's model. */
  readonly nic?: 'virtio-net-pci' | 'e1000'
  /** With the NIC's iPXE ROM, or with what the firmware itself has (which BIOS has not). Default: iPXE on BIOS only. */
  readonly rom?: 'ipxe' | 'none'
  readonly uuid?: string
  /** On its board. */
  readonly serial?: string
  /** A raw disk image; it boots after the network. */
  readonly disk?: string
  /** A second one behind it. */
  readonly other?: string
  /** What the firmware tries first; the network when not given. */
  readonly first?: 'network' | 'disk'
  /** Goes through a reset when the guest asks for it; otherwise a reset ends the machine. */
  readonly reboots?: boolean
  /** OVMF with Secure Boot on and Microsoft's keys in it, as machines are sold. */
  readonly secureBoot?: boolean
  /** A certificate (PEM) that OVMF believes when it boots by HTTPS; none when not given. */
  readonly believes?: string
  /** What OVMF leaves out, by its own name (`IPv4PXESupport`: HTTP boot comes at once); PXE over IPv6 when not given. */
  readonly without?: readonly string[]
  /** MiB. */
  readonly memory?: number
}

/** UEFI is x64 where nothing else is said. */
export type Firmware = 'bios' | 'uefi' | 'uefi-arm64' | 'uefi-ia32'

/** A machine in QEMU, emulated (no KVM), its serial console read as text. Ended by its own pid. */
export interface Machine extends AsyncDisposable {
  /** All that the console said so far. */
  readonly text: string
  /** Waits for the pattern after whatever was seen before, and returns the match. */
  sees(pattern: RegExp, seconds?: number): Promise<RegExpExecArray>
  /** Types at its console. */
  types(text: string): void
  /** Waits until it powered off or ended. */
  ends(seconds?: number): Promise<void>
}

/** Switches a machine on: its NIC is plugged into the LAN, and the network is first in its boot order. */
export async function switchOn(lan: Lan, options: MachineOptions): Promise<Machine> {
  const place = await openPlace()
  const tap = await lan.tap()
  const firmware = options.firmware === undefined || options.firmware === 'bios' ? [] : await uefi(place.path, options)
  const machine = [...base(options), ...firmware, ...nic(tap, options), ...disk(options)]
  const program = options.firmware === 'uefi-arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64'
  return new Qemu(lan.wire.start([program, ...machine], { typing: true }), place)
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

  types(text: string): void {
    this.#child.type(text)
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

function base({ memory = 512, uuid, serial, reboots = false, ...options }: MachineOptions): string[] {
  const board = `-machine ${boardOf(options)} -accel tcg -smp 1 -m ${memory} -nodefaults -nographic -serial stdio`
  return [
    ...`${board} -monitor none`.split(' '),
    ...(uuid === undefined ? [] : ['-uuid', uuid]),
    ...(serial === undefined ? [] : ['-smbios', `type=1,serial=${serial},manufacturer=Forres,product=Heath 3`]),
    ...(reboots ? [] : ['-no-reboot']),
  ]
}

function boardOf({ firmware, secureBoot = false }: Pick<MachineOptions, 'firmware' | 'secureBoot'>): string {
  if (firmware === 'uefi-arm64') return 'virt -cpu cortex-a57'
  // The keys are out of the guest's reach only where the flash is: in system management mode. OVMF for IA32 has no build without.
  const guarded = secureBoot || firmware === 'uefi-ia32'
  return guarded ? 'q35,smm=on -global driver=cfi.pflash01,property=secure,value=on' : 'q35'
}

/** The firmware's code, and the variables that it begins with. */
function flashOf({ firmware, secureBoot = false }: MachineOptions): readonly [code: string, variables: string] {
  if (firmware === 'uefi-arm64') return ['/usr/share/AAVMF/AAVMF_CODE.fd', '/usr/share/AAVMF/AAVMF_VARS.fd']
  const home = '/usr/share/OVMF'
  if (firmware === 'uefi-ia32') return [`${home}/OVMF32_CODE_4M.secboot.fd`, `${home}/OVMF32_VARS_4M.fd`]
  const kind = secureBoot ? '4M.ms' : '4M'
  return [`${home}/OVMF_CODE_${kind}.fd`, `${home}/OVMF_VARS_${kind}.fd`]
}

/** EDK2 with variables of its own. Without PXE over IPv6, which costs it 84 s when the disk's turn should come. */
async function uefi(place: string, options: MachineOptions): Promise<string[]> {
  const variables = join(place, 'vars.fd')
  const [code, original] = flashOf(options)
  await copyFile(original, variables)
  const flash = [
    `if=pflash,unit=0,format=raw,readonly=on,file=${code}`,
    `if=pflash,unit=1,format=raw,file=${variables}`,
  ].flatMap((drive) => ['-drive', drive])
  const { without = ['IPv6PXESupport'], believes } = options
  const left = without.flatMap((name) => ['-fw_cfg', `name=opt/org.tianocore/${name},string=no`])
  if (believes === undefined) return [...flash, ...left]
  const authorities = join(place, 'authorities')
  await writeFile(authorities, signatureList(believes))
  return [...flash, ...left, '-fw_cfg', `name=etc/edk2/https/cacerts,file=${authorities}`]
}

function nic(tap: string, { nic: model = 'virtio-net-pci', mac, firmware, rom, first }: MachineOptions): string[] {
  const withRom = rom ?? (firmware === undefined || firmware === 'bios' ? 'ipxe' : 'none')
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
