/**
 * What firmware says in place of an identity that nobody gave it: it identifies nobody. Whole series of boards carry each of these.
 *
 * Taken from the lists that inventories keep for the same reason: GLPI and FusionInventory ("blacklists": invalid serial, invalid UUID), osquery
 * (`kPlaceholderHardwareUUIDList` in core/system.cpp), Rockstor (its documentation's "Fake Appliance ID examples"); and SolidRun's
 * lx2160a_uefi, issue 4.
 */
const uuids: ReadonlySet<string> = new Set([
  // AMI's, as boards of ASRock, Gigabyte and many others leave the factory: GLPI, osquery, Rockstor.
  '03000200-0400-0500-0006-000700080009',
  // ZOTAC 880G-ITX, which prints the same bytes in the other order: Rockstor.
  '00020003-0004-0005-0006-000700080009',
  // The bytes 0 to 15: osquery.
  '03020100-0504-0706-0809-0a0b0c0d0e0f',
  '10000000-0000-8000-0040-000000000000',
  // GLPI.
  '6ab5b300-538d-1014-9fb5-b0684d007b53',
  // Rockstor; the second one is GIADA N70E-DR.
  '00000000-0000-0000-0807-060504030201',
  '5c4606fa-192f-453a-b299-7b088c63bb9b',
  // SolidRun's LX2160A boards.
  '8a95d198-7f46-11e5-bf8b-08002704d48e',
])

/** GLPI's and FusionInventory's, with the plain words that firmware and dmidecode print for "nothing". Small letters. */
const serials: ReadonlySet<string> = new Set([
  'n/a',
  'na',
  '(null string)',
  'null',
  'none',
  'empty',
  'unknow',
  'unknown',
  'invalid',
  'not specified',
  'not applicable',
  'not available',
  'default',
  'default string',
  'default_string',
  'to be filled by o.e.m.',
  'to be filled by o.e.m',
  'to be filled by oem',
  'to be filled',
  'o.e.m.',
  'oem',
  'oem_serial',
  'serial',
  'serial number',
  'serial number xxxxxx',
  'system serial number',
  'systemserialnumb',
  'chassis serial number',
  'base board serial number',
  'board serial number',
  'type2 - board serial number',
  'sys-1234567890',
  'sys-9876543210',
  'mb-1234567890',
  'sn-12345',
  'sn-1234567890',
  'sn-123456fvgv3i0b8o5n6n7k',
  '123456789000',
  '12345678901234567',
  'tulip computers',
  'eval',
  'iatpass',
  'standard',
  'tbd',
  't.b.d',
  't.b.d.',
])

/** Either byte order. One byte sixteen times is none either: SMBIOS 3.7 §7.2.1 for all zeros and all ones, the rest from the lists. */
export function isPlaceholderUuid(uuid: string): boolean {
  const text = uuid.toLowerCase()
  return uuids.has(text) || uuids.has(swapped(text)) || /^(..)\1{15}$/.test(text.replaceAll('-', ''))
}

/** One sign over and over, and digits in their order, are none either. */
export function isPlaceholderSerial(serial: string): boolean {
  const text = serial.trim().toLowerCase()
  return serials.has(text) || text === '' || /^(.)\1*$/.test(text) || (text.length > 4 && '01234567890'.includes(text))
}

/**
 * The other byte order of the first three fields: the wire has them as they lie in memory, `dmidecode` prints them turned round
 * (SMBIOS 2.6 §7.2.1), and people write down either.
 */
export function swapped(uuid: string): string {
  const turned = (field: string): string => field.match(/../g)!.toReversed().join('')
  const [low = '', middle = '', high = '', ...rest] = uuid.split('-')
  return [turned(low), turned(middle), turned(high), ...rest].join('-')
}
