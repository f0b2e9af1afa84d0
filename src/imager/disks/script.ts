import { readFileSync } from 'node:fs'
import { devicesOf, disksOf, membersOf, openedName } from './devices.ts'
import type { Device, Disk } from './devices.ts'
import { partitionTypes } from './layout.ts'
import type { DiskSet, Layout, Match, Partition, PartitionType } from './layout.ts'
import { usualBuses } from './layout.ts'
import { bootPartition, mountedDevices, passOf } from './mounts.ts'
import { firmwaresOf, startsBios } from './starts.ts'
import type { Size } from './size.ts'

/** The parts that are the same for every layout, in the order in which they stand in the script. */
const library = ['find.sh', 'guard.sh', 'write.sh', 'mount.sh']

/**
 * The layout as a POSIX shell script (busybox ash) that defines functions and does nothing by itself: `disks_find`, `disks_guard`,
 * `disks_write`, `disks_mount DIR`, `disks_fstab`, `disks_mdadm`, `disks_crypttab`, `disks_etc DIR`, `disks_starts`, `disks_boot`, `disks_identities`.
 * docs/layouts.md tells what each prints and which variables it reads. The same layout always gives the same text, and no secret is in it.
 */
export function diskScript(layout: Layout): string {
  const parts = library.map((name) => readFileSync(new URL(name, import.meta.url), 'utf8').trimEnd())
  return [...parts, ...ownFunctions(layout)].join('\n\n') + '\n'
}

/** The names of the secrets that the script reads from its environment, as `DISK_SECRET_<name>`. */
export function secretsOf(layout: Layout): string[] {
  return [...new Set(devicesOf(layout).flatMap(({ content: { encrypt } }) => encrypt ?? []))]
}

function ownFunctions(layout: Layout): string[] {
  const devices = devicesOf(layout)
  const secrets = secretsOf(layout).map((name) => `disks_need_secret ${name}`)
  return [
    disksOf(layout)
      .map(({ index }) => `disk_${index}=''`)
      .join(' '),
    ...layout.disks.map(({ match }, index) => shell(`disks_fits_${index + 1}`, fits(match))),
    ...choosing(layout),
    ...naming(devices),
    ...layout.disks.map((set) => shell(rowsName(set, layout), ["cat <<'EOT'\n" + rows(set, layout)])),
    shell('disks_write', [...secrets, 'disks_guarded', ...writing(layout, devices)].map(orReturn)),
    ...placing(layout, devices),
  ]
}

function shell(name: string, lines: readonly string[]): string {
  return [`${name}() {`, ...lines.map((line) => `  ${line}`), '}'].join('\n')
}

function orReturn(line: string): string {
  return `${line} || return 1`
}

/** The conditions on the facts of one disk. */
function fits(match: Match): string[] {
  const { serial, wwn, path, model, bus, size, atLeast, atMost } = match
  const lines = [
    words('disks_in "$f_bus"', bus.length > 0 ? bus : usualBuses),
    words('disks_in "$f_serial"', serial),
    words('disks_in "$f_wwn"', wwn.flatMap(wwnForms)),
    words('disks_in "$f_model"', model),
    words('disks_any "$f_paths"', path),
    size === undefined ? '' : `disks_about "$f_mib" ${size}`,
    atLeast === undefined ? '' : `[ "$f_mib" -ge ${atLeast} ]`,
    atMost === undefined ? '' : `[ "$f_mib" -le ${atMost} ]`,
  ]
  return lines.filter((line) => line !== '').map((line) => `${line} || return 1`)
}

function words(command: string, list: readonly string[]): string {
  return list.length === 0 ? '' : [command, ...list.map(quoted)].join(' ')
}

/** lsblk prints `0x5002538e…` for what the kernel calls `naa.5002538e…`. */
function wwnForms(wwn: string): string[] {
  const lower = wwn.toLowerCase()
  return lower.startsWith('0x') ? [lower, `naa.${lower.slice(2)}`, `eui.${lower.slice(2)}`] : [lower]
}

function choosing(layout: Layout): string[] {
  const disks = disksOf(layout)
  const choose = layout.disks.flatMap((set, index) => [
    `disks_pick ${quoted(set.name)} disks_fits_${index + 1} ${set.count} ${set.match.choose ?? 'all'} || return 1`,
    // shellcheck would like quotes; it is a list of nodes.
    ...disks
      .filter((disk) => disk.set === set)
      .map((disk) => `disk_${disk.index}=$(disks_nth ${disk.copy} $disks_picked)`),
  ])
  const clear = disks.map(({ index }) => `disk_${index}=''`).join(' ')
  return [
    shell('disks_choose', ["disks_used='' disks_all=''", ...choose]),
    shell('disks_chosen', [`[ -n "$disk_${disks.length}" ] || disks_choose || {`, `  ${clear}`, '  return 1', '}']),
    shell('disks_find', ['disks_chosen || return 1', ...disks.map(printDisk)]),
  ]
}

function printDisk({ index, set, copy }: Disk): string {
  const name = set.count === 1 ? set.name : `${set.name}.${copy}`
  return `echo ${quoted(name)} "$disk_${index}" "$(disks_identity "$disk_${index}")"`
}

/** From the names of the layout to nodes: `disks_device` is where its content is, `disks_device_raw` what is below the encryption. */
function naming(devices: readonly Device[]): string[] {
  const opened = devices.filter(({ content }) => content.encrypt !== undefined)
  const raw = devices.map((device) => `  ${device.ref}) ${nodeOf(device, devices)} ;;`)
  const inner = opened.map(({ ref }) => `  ${ref}) echo /dev/mapper/${openedName(ref)} ;;`)
  return [
    shell('disks_device', ['case $1 in', ...inner, '  *) disks_device_raw "$1" ;;', 'esac']),
    shell('disks_device_raw', ['case $1 in', ...raw, '  *) return 1 ;;', 'esac']),
  ]
}

function nodeOf(device: Device, devices: readonly Device[]): string {
  if (device.kind === 'partition') return `disks_part "$disk_${device.disk}" ${device.number}`
  if (device.kind === 'raid') {
    const [first] = membersOf(devices, device.of.members)
    return `disks_array "$(disks_device_raw ${first!.ref})"`
  }
  // Device mapper doubles dashes inside a name.
  const [group, volume] = [device.group.name, device.of.name].map((name) => name.replaceAll('-', '--'))
  return `echo /dev/mapper/${group}-${volume}`
}

function writing(layout: Layout, devices: readonly Device[]): string[] {
  const disks = disksOf(layout)
  const encrypted = (kind: Device['kind']) => devices.filter((each) => each.kind === kind).flatMap(encryption)
  return [
    ...disks.map(({ index, set }) => `disks_enough ${set.table} "$disk_${index}" ${rowsName(set, layout)}`),
    ...disks.map(({ index }) => `disks_release "$disk_${index}"`),
    ...disks.map(({ index }) => `disks_clear "$disk_${index}"`),
    ...disks.map(({ index, set }) => `disks_table ${set.table} "$disk_${index}" ${rowsName(set, layout)}`),
    ...encrypted('partition'),
    ...layout.raid.map((raid) => {
      const members = membersOf(devices, raid.members).map(({ ref }) => ref)
      return ['disks_raid', raid.name, raid.level, raid.spares, raid.chunk ?? '-', ...members].join(' ')
    }),
    ...encrypted('raid'),
    ...layout.lvm.flatMap((group) => {
      const members = membersOf(devices, group.members).map(({ ref }) => ref)
      // What takes the rest comes when the others have theirs.
      const volumes = group.volumes.toSorted((a, b) => Number(a.size.is === 'rest') - Number(b.size.is === 'rest'))
      const made = volumes.map(({ name, size }) => `disks_volume ${group.name} ${name} ${volumeSize(size)}`)
      return [`disks_group ${group.name} ${members.join(' ')}`, ...made]
    }),
    ...encrypted('volume'),
    ...devices.flatMap(makeFilesystem),
  ]
}

function encryption({ ref, content: { encrypt } }: Device): string[] {
  return encrypt === undefined ? [] : [`disks_encrypt ${ref} ${openedName(ref)} ${encrypt}`]
}

function volumeSize(size: Size): string {
  if (size.is === 'rest') return '-l 100%FREE'
  return size.is === 'percent' ? `-l ${size.percent}%VG` : `-L ${size.mib}m`
}

function rowsName(set: DiskSet, layout: Layout): string {
  return `disks_rows_${layout.disks.indexOf(set) + 1}`
}

/** A here-document's lines: size, type, name and flag of each partition. */
function rows(set: DiskSet, layout: Layout): string {
  const boot = bootPartition(layout)
  const lines = set.partitions.map((each) => {
    const code = partitionTypes[typeOf(each, layout)][set.table]!
    const active = set.table === 'mbr' && each === boot ? ' active' : ''
    return `${tableSize(each.size)} ${code} ${each.name}${active}`
  })
  return [...lines, 'EOT'].join('\n')
}

function tableSize(size: Size): string {
  if (size.is === 'rest') return 'rest'
  return size.is === 'percent' ? `${size.percent}%` : String(size.mib)
}

/** What a partition is for, where the layout does not say. */
export function typeOf(partition: Partition, layout: Layout): PartitionType {
  const { type, name, filesystem, encrypt } = partition
  if (type !== undefined) return type
  if (encrypt !== undefined) return 'luks'
  if (filesystem === 'swap') return 'swap'
  if (layout.raid.some(({ members }) => members.includes(name))) return 'raid'
  return layout.lvm.some(({ members }) => members.includes(name)) ? 'lvm' : 'linux'
}

function makeFilesystem({ ref, content, of }: Device): string[] {
  const { filesystem, label = '', mkfs } = content
  if (filesystem === undefined) return []
  // Firmware is promised FAT32 (UEFI 13.3); smaller than this mkfs could not make one with sectors of 4096 bytes.
  const wide = filesystem === 'vfat' && 'size' in of && of.size.is === 'fixed' && of.size.mib >= 260
  return [['disks_mkfs', ref, filesystem, quoted(label), ...(wide ? ['-F 32'] : []), ...mkfs.map(quoted)].join(' ')]
}

function placing(layout: Layout, devices: readonly Device[]): string[] {
  const mounted = mountedDevices(devices)
  const swaps = devices.filter(({ content }) => content.filesystem === 'swap')
  const encrypted = devices.filter(({ content }) => content.encrypt !== undefined)
  return [
    shell('disks_mount', [
      'disks_chosen || return 1',
      ...mounted.map(({ ref, content: { filesystem, mount, options } }) =>
        orReturn(`disks_mount_one "$1" ${ref} ${filesystem} ${mount} ${earlyOptions(options)}`),
      ),
    ]),
    shell('disks_fstab', ['disks_chosen || return 1', ...[...mounted, ...swaps].map(fstabLine).map(orReturn)]),
    shell('disks_mdadm', [
      'disks_chosen || return 1',
      ...layout.raid.map(({ name }) => orReturn(`disks_array_line ${name}`)),
    ]),
    shell('disks_crypttab', [
      'disks_chosen || return 1',
      ...encrypted.map(({ ref }) => orReturn(`disks_crypt_line ${ref} ${openedName(ref)}`)),
    ]),
    shell('disks_starts', [`echo '${firmwaresOf(layout).join(' ')}'`]),
    shell('disks_boot', ['disks_chosen || return 1', ...bootLines(layout, devices)]),
  ]
}

/** Of the options for later, those that change what is written now. */
function earlyOptions(options: string): string {
  return ['rw', ...options.split(',').filter((each) => /^compress(?:-force)?(?:=[a-z0-9:]+)?$/.test(each))].join(',')
}

function fstabLine(device: Device): string {
  const { filesystem, mount = 'none', options } = device.content
  // The machine must come up although the disk with this one is gone.
  const spare = device.kind === 'partition' && device.set.count > 1 ? `${options},nofail` : options
  return `disks_fstab_line ${device.ref} ${mount} ${filesystem} ${quoted(filesystem === 'swap' && options === 'defaults' ? 'sw' : spare)} 0 ${passOf(device.content)}`
}

/** `disk NODE` for each disk that a BIOS may start, `esp NODE PLACE` for each EFI system partition (a dash: not mounted, a copy). */
function bootLines(layout: Layout, devices: readonly Device[]): string[] {
  const disks = disksOf(layout).filter(({ set }) => startsBios(set, layout))
  const esps = devices.filter(({ kind, of }) => kind === 'partition' && 'type' in of && of.type === 'esp')
  return [
    ...disks.map(({ index }) => `echo disk "$disk_${index}"`),
    ...esps.map(({ ref, content }) => `echo esp "$(disks_device ${ref})" ${content.mount ?? '-'}`),
  ]
}

/** For the shell: everything inside is meant as it is. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
